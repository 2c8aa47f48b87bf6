import { Option, Command as Program } from 'commander';
import { describe, expect, test } from 'vitest';
import { plainBooleans } from '../../../../src/cli/booleans.ts';
import { parseAddHost } from '../../../../src/cli/flags/parse/add-host.ts';
import { parseInteger, parseSize } from '../../../../src/cli/flags/parse/number.ts';
import { parseUlimit } from '../../../../src/cli/flags/parse/ulimit.ts';
import { cpusetOf } from '../../../../src/engine/config/cpuset.ts';
import { grantOf } from '../../../../src/engine/config/devices.ts';
import { oomScoreAdjOf, resourcesOf, rlimitsOf } from '../../../../src/engine/config/limits.ts';
import { hostLines, resolvConf } from '../../../../src/engine/config/lookup.ts';
import { mountsOf } from '../../../../src/engine/config/mounts.ts';
import { checkName } from '../../../../src/engine/names.ts';
import { DOCKER } from './docker-values.ts';
import { read, taken } from './support.ts';

// Every value that was tried with Docker is tried with ours. What differs is named, with the reason.

const NO_SIGNAL = 'the kernel has no such signal';
const DIFFERENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '-v': { ':': 'a slip of theirs: it says nothing' },
  '--mount': {
    'type=volume,src=x,dst=/m,volume-opt=a=b':
      'names of one letter are names; the option is refused where it is made',
    'type=volume,src=x,dst=/m,volume-opt=a': 'the same',
    'type=image,src=a,dst=/m': 'daemons since 28 have it',
    'type=image,src=a,dst=/m,image-subpath=x': 'daemons since 28 have it',
  },
  '--tmpfs': { '/t:huge=within_size': 'the kernel knows it, and it harms nobody' },
  '--stop-signal': {
    '65': NO_SIGNAL,
    '99': NO_SIGNAL,
    '-1': NO_SIGNAL,
    '+9': 'a sign is none of a signal’s',
  },
  '--add-host': {
    'a b:1.2.3.4': 'a name has no blanks',
  },
  '--cpus': { '0x1': 'no way to write a number of processors' },
  '--memory-reservation': {},
};

const machine = (cpus = '0-1') => ({
  processors: 2,
  readSet: (kind: 'cpus' | 'mems') => (kind === 'cpus' ? `${cpus}\n` : '0\n'),
});
const limits =
  (flag: string, more: object = {}) =>
  (value: string) =>
    taken({ ...more, [flag]: value }, ({ limits: asked = {} }) => ({
      ...resourcesOf(asked, machine()),
      ...oomScoreAdjOf(asked),
    }));
const ulimit = (value: string) => taken({ ulimit: [value] }, (config) => rlimitsOf(config.limits ?? {}));
const mounts = (flag: 'mount' | 'volume' | 'tmpfs') => (value: string) =>
  taken({ [flag]: [value] }, (config) => mountsOf(config.mounts ?? []));
const resolver = (flag: 'dns' | 'dnsSearch' | 'dnsOption' | 'dnsOpt') => (value: string) =>
  taken({ [flag]: [value] }, (config) => resolvConf('', config.names));
const hosts = (value: string, network?: string) =>
  taken({ addHost: [value], ...(network && { network: [network] }) }, hostLines);
const device = (value: string) =>
  taken({ device: [value] }, ({ devices = [] }) =>
    devices.map((asked, index) => grantOf(asked, `devices[${index}]`)),
  );
const boolean = (flags: string) => {
  const program = new Program().addOption(new Option(flags));
  const name = flags.split(/[, ]+/)[0] ?? '';
  return (value: string) => plainBooleans([`${name}=${value}`], program, true);
};

const TAKE: Readonly<Record<string, (value: string) => unknown>> = {
  '--mount': mounts('mount'),
  '-v': mounts('volume'),
  '--tmpfs': mounts('tmpfs'),
  '--stop-signal': (value) => read({ stopSignal: value }),
  '--add-host': (value) => hosts(value),
  '--dns': resolver('dns'),
  '--dns-search': resolver('dnsSearch'),
  '--dns-option': resolver('dnsOption'),
  '--dns-opt': resolver('dnsOpt'),
  '--shm-size': (value) => read({ shmSize: value }),
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
  '--ulimit': ulimit,
  '--oom-score-adj': limits('oomScoreAdj'),
  '--device': device,
  '--rm': boolean('--rm'),
  '--oom-kill-disable': boolean('--oom-kill-disable'),
  '--init': boolean('--init'),
  '--read-only': boolean('--read-only'),
  '--privileged': boolean('--privileged'),
  '-t': boolean('-t, --tty'),
  '-i': boolean('-i, --interactive'),
  '--sig-proxy': boolean('--sig-proxy'),
};
/** Flags of Docker's that tinyrun does not have. */
const ABSENT = ['--no-healthcheck'];

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
  const of = (mount: string) => mounts('mount')(mount)[0]?.options;
  expect(of('type=bind,"source=/a,b",target=/m')).toEqual(['rbind', 'rw', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,bind-recursive=disabled')).toEqual(['bind', 'rw', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,bind-recursive=disabled,ro')).toEqual(['bind', 'ro', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,bind-recursive=writable,ro')).toEqual(['rbind', 'ro', 'rprivate']);
  expect(of('type=bind,src=/a,dst=/m,ro=false,BIND-PROPAGATION=Slave')).toEqual(['rbind', 'rw', 'slave']);
  expect(parseInteger('010')).toBe(8);
  expect(parseInteger('0x10')).toBe(16);
  expect(parseUlimit('core=010')).toMatchObject({ soft: 10, hard: 10 });
  expect(parseSize('1e3', 'x')).toBe(1000);
  expect(limits('cpus')('3/2')).toEqual({ cpu: { quota: 150000, period: 100000 } });
  expect(limits('cpus', { pidsLimit: '-2' })('0')).toEqual({ pids: { limit: -1 } });
  expect(hosts('me:host-gateway', 'host')).toBe('127.0.0.1\tme\n');
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
  const set = (flag: string, cpus?: string) => (value: string) =>
    taken({ [flag]: value }, (config) => resourcesOf(config.limits ?? {}, machine(cpus)));
  test.each(['0', '1', '0-1', '0,1', '4-6,0', '7'])('--cpuset-cpus %s', (list) => {
    expect(set('cpusetCpus', '0-1,4-7')(list)).toEqual({ cpu: { cpus: list } });
  });
  test.each(['2', '1-2', '0-7', '0,8', '0-999999999'])('not --cpuset-cpus %s', (list) => {
    expect(() => set('cpusetCpus', '0-1,4-7')(list)).toThrow(
      `--cpuset-cpus "${list}": requested CPUs are not available - requested ${list}, available: 0-1,4-7`,
    );
  });
  test('not --cpuset-mems 1, and no list at all is said so first', () => {
    expect(() => set('cpusetMems')('1')).toThrow(
      '--cpuset-mems "1": requested memory nodes are not available - requested 1, available: 0',
    );
    expect(() => set('cpusetCpus')('1-')).toThrow('--cpuset-cpus "1-": not a list of numbers');
  });
  test('of a machine that keeps no cpusets nothing is known', () => {
    expect(cpusetOf('cpus', '99', () => undefined)).toBe('99');
  });
});
