import { Option, Command as Program } from 'commander';
import { describe, expect, test } from 'vitest';
import { plainBooleans } from '../../../src/cli/booleans.ts';
import { checkName } from '../../../src/engine/names.ts';
import { parseDevice } from '../../../src/engine/options/devices.ts';
import { parseAddHost, parseResolver } from '../../../src/engine/options/files.ts';
import { checkCpus, checkCpuset, parseUlimit, resourcesOf } from '../../../src/engine/options/limits.ts';
import { userMounts } from '../../../src/engine/options/mounts.ts';
import { parseInteger, parseSize } from '../../../src/engine/options/size.ts';
import type { RunOptions } from '../../../src/engine/types.ts';
import { signalNumber } from '../../../src/spec/linux.ts';
import { DOCKER } from './docker-values.ts';

// Every value that was tried with Docker is tried with ours. What differs is named, with the reason.

const NOT_YET = 'there are no volumes yet';
const NO_SIGNAL = 'the kernel has no such signal';
const DIFFERENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '--mount': {
    'type=volume,dst=/m': NOT_YET,
    'dst=/m': NOT_YET,
  },
  '-v': { 'a:/b': NOT_YET, '/m': NOT_YET, 'src:/m': NOT_YET, ':': 'a slip of theirs: it says nothing' },
  '--tmpfs': { '/t:huge=within_size': 'the kernel knows it, and it harms nobody' },
  '--stop-signal': {
    '65': NO_SIGNAL,
    '99': NO_SIGNAL,
    '-1': NO_SIGNAL,
    '+9': 'a sign is none of a signal’s',
  },
  '--add-host': {
    'a b:1.2.3.4': 'a name has no blanks',
    'db:host-gateway': 'there are no networks yet',
    'db=host-gateway': 'there are no networks yet',
  },
  '--cpus': { '0x1': 'no way to write a number of processors' },
  '--memory-reservation': {},
};

const limits =
  (key: keyof RunOptions, more: Partial<RunOptions> = {}) =>
  (value: string) => {
    const options: RunOptions = { image: 'x', ...more, [key]: value };
    checkCpus(options, 2);
    checkCpuset(options, (kind) => (kind === 'cpus' ? '0-1' : '0'));
    resourcesOf(options);
  };
const mounts = (key: 'mount' | 'volume' | 'tmpfs') => (value: string) =>
  userMounts({ image: 'x', [key]: [value] }, (path) => `/cwd/${path}`);
const resolver = (key: 'dns' | 'dnsSearch' | 'dnsOption') => (value: string) =>
  parseResolver({ image: 'x', [key]: [value] });
const boolean = (flags: string) => {
  const program = new Program().addOption(new Option(flags));
  const name = flags.split(/[, ]+/)[0] ?? '';
  return (value: string) => plainBooleans([`${name}=${value}`], program, true);
};

const TAKE: Readonly<Record<string, (value: string) => unknown>> = {
  '--mount': mounts('mount'),
  '-v': mounts('volume'),
  '--tmpfs': mounts('tmpfs'),
  '--stop-signal': (value) => {
    if (value !== '' && signalNumber(value) === undefined) throw new Error('unknown signal');
  },
  '--add-host': (value) => parseAddHost(value),
  '--dns': resolver('dns'),
  '--dns-search': resolver('dnsSearch'),
  '--dns-option': resolver('dnsOption'),
  '--dns-opt': resolver('dnsOption'),
  '--shm-size': (value) => parseSize(value, '--shm-size'),
  '--name': (value) => value === '' || checkName(value.replace(/^\//, '')),
  '-m': limits('memory'),
  '-m 64m --memory-swap': limits('memorySwap', { memory: '64m' }),
  '--memory-swap': limits('memorySwap'),
  '-m 64m --memory-reservation': limits('memoryReservation', { memory: '64m' }),
  '--cpus': limits('cpus'),
  '--cpu-shares': limits('cpuShares'),
  '--cpuset-cpus': limits('cpusetCpus'),
  '--cpuset-mems': limits('cpusetMems'),
  '--pids-limit': limits('pidsLimit'),
  '--ulimit': parseUlimit,
  '--oom-score-adj': (value) => parseInteger(value, '--oom-score-adj', { min: -1000, max: 1000 }),
  '--device': parseDevice,
  '--rm': boolean('--rm'),
  '--init': boolean('--init'),
  '--read-only': boolean('--read-only'),
  '--privileged': boolean('--privileged'),
  '-t': boolean('-t, --tty'),
  '-i': boolean('-i, --interactive'),
  '--sig-proxy': boolean('--sig-proxy'),
};
/** Flags of Docker's that tinyrun does not have. */
const ABSENT = ['--no-healthcheck', '--oom-kill-disable'];

const refused = (take: (value: string) => unknown, value: string): string => {
  try {
    take(value);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe.each(Object.entries(DOCKER).filter(([flag]) => !ABSENT.includes(flag)))('%s', (flag, rows) => {
  const take = TAKE[flag];
  test.each(rows)('%j is taken or refused as Docker does: %j', (value, said) => {
    if (!take) throw new Error(`no reader of ${flag}`);
    const same = (refused(take, value) === '') === (said === '');
    expect({ same, ours: refused(take, value) }).toMatchObject({
      same: DIFFERENT[flag]?.[value] === undefined,
    });
  });
});

test('--mount is refused in Docker’s words', () => {
  const client = (DOCKER['--mount'] ?? []).filter(
    ([, said]) => said !== '' && !/volume|(cluster|image)": mount type unknown/.test(said),
  );
  for (const [value, said] of client) expect(refused(mounts('mount'), value)).toContain(said);
});

test('limits that no host or no container can have are refused in Docker’s words', () => {
  const said = Object.entries(DOCKER).flatMap(([flag, rows]) =>
    rows
      .filter(([, words]) => /^(Range of|Minimum|Requested|You should)/.test(words))
      .map(([value, words]) => ({ flag, value, words: words.replace(', see usage', '').toLowerCase() })),
  );
  expect(said.length).toBeGreaterThan(10);
  for (const { flag, value, words } of said)
    expect(refused(TAKE[flag] ?? (() => undefined), value).toLowerCase()).toContain(words);
});

test('what the values mean', () => {
  const of = (mount: string) => userMounts({ image: 'x', mount: [mount] }, (path) => path)[0]?.options;
  expect(of('type=bind,"source=/a,b",target=/m')).toEqual(['rbind', 'rw', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,bind-recursive=disabled')).toEqual(['bind', 'rw', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,bind-recursive=disabled,ro')).toEqual(['bind', 'ro', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,bind-recursive=writable,ro')).toEqual(['rbind', 'ro', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,ro=false,BIND-PROPAGATION=Slave')).toEqual(['rbind', 'rw', 'slave']);
  expect(parseInteger('010', 'x')).toBe(8);
  expect(parseInteger('0x10', 'x')).toBe(16);
  expect(parseUlimit('core=010')).toMatchObject({ soft: 10, hard: 10 });
  expect(parseSize('1e3', 'x')).toBe(1000);
  expect(resourcesOf({ image: 'x', cpus: '3/2' })).toEqual({ cpu: { quota: 150000, period: 100000 } });
  expect(resourcesOf({ image: 'x', cpus: '0', pidsLimit: '-2' })).toEqual({ pids: { limit: -1 } });
  expect(parseAddHost('me:host-gateway', 'host')).toEqual({ name: 'me', address: '127.0.0.1' });
  expect(parseAddHost('me=[fe80::1]')).toEqual({ name: 'me', address: 'fe80::1' });
});

test('booleans: the value is the last letter’s', () => {
  const program = new Program().option('-i, --interactive').option('-t, --tty').option('-e, --env <X>');
  const of = (...args: string[]) => plainBooleans(args, program, true);
  expect(of('-it=false')).toEqual(['-i']);
  expect(of('-ti=true', '--tty=0')).toEqual(['-t', '-i']);
  expect(of('-e=A=1', '-ie=x', '--env=false')).toEqual(['-e=A=1', '-ie=x', '--env=false']);
  expect(() => of('-it=maybe')).toThrow('-t "maybe": not a boolean');
});

describe('a cpuset of what the machine has', () => {
  const read = (kind: 'cpus' | 'mems') => (kind === 'cpus' ? '0-1,4-7\n' : '0\n');
  test.each(['0', '1', '0-1', '0,1', '4-6,0', '7'])('--cpuset-cpus %s', (cpusetCpus) => {
    checkCpuset({ image: 'x', cpusetCpus, cpusetMems: '0' }, read);
  });
  test.each(['2', '1-2', '0-7', '0,8', '0-999999999'])('not --cpuset-cpus %s', (cpusetCpus) => {
    expect(() => checkCpuset({ image: 'x', cpusetCpus }, read)).toThrow(
      `requested CPUs are not available - requested ${cpusetCpus}, available: 0-1,4-7`,
    );
  });
  test('not --cpuset-mems 1, and no list at all is said so first', () => {
    expect(() => checkCpuset({ image: 'x', cpusetMems: '1' }, read)).toThrow(
      'requested memory nodes are not available - requested 1, available: 0',
    );
    expect(() => checkCpuset({ image: 'x', cpusetCpus: '1-' }, read)).toThrow('not a list of numbers');
  });
  test('of a machine that keeps no cpusets nothing is known', () => {
    checkCpuset({ image: 'x', cpusetCpus: '99' }, () => undefined);
  });
});
