import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { attachedStreams } from '../../../../src/cli/flags/container.ts';
import { plannedFlag } from '../../../../src/cli/not-yet.ts';
import { cgroupBelow } from '../../../../src/engine/config/cgroup-parent.ts';
import { deviceRulesOf, majorOf, minorOf } from '../../../../src/engine/config/devices.ts';
import { checkExposed } from '../../../../src/engine/config/exposed.ts';
import { discarded, resourcesOf } from '../../../../src/engine/config/limits.ts';
import { relabelled } from '../../../../src/engine/config/mounts.ts';
import { cgroupWrites } from '../../../../src/plan/compile/resources.ts';
import { configOf, read, taken } from './support.ts';

const MACHINE = { processors: 4, readSet: () => '0-3' };
const resources = (flags: Readonly<Record<string, unknown>>) =>
  taken(flags, ({ limits = {} }) => resourcesOf(limits, MACHINE));
const writes = (flags: Readonly<Record<string, unknown>>) =>
  cgroupWrites(resources(flags)).map(({ file, value }) => `${file}: ${value}`);

/** Some disk that there is, as runners have at least loops. */
const disk = readdirSync('/dev')
  .map((name) => `/dev/${name}`)
  .find((name) => statSync(name, { throwIfNoEntry: false })?.isBlockDevice());

describe('processor time in the kernel’s numbers', () => {
  test('is cpu.max', () => {
    expect(writes({ cpuQuota: '50000' })).toEqual(['cpu.max: 50000 100000']);
    expect(writes({ cpuPeriod: '200000' })).toEqual(['cpu.max: max 200000']);
    expect(writes({ cpuQuota: '-1', cpuPeriod: '1000' })).toEqual(['cpu.max: max 1000']);
    expect(writes({ cpuQuota: '0', cpuPeriod: '0' })).toEqual([]);
  });

  test.each([
    [{ cpus: '1', cpuQuota: '5000' }, /^--cpu-quota "5000": conflicting options: Nano CPUs and CPU Quota/],
    [{ cpus: '1', cpuPeriod: '5000' }, /^--cpu-period "5000": conflicting options: Nano CPUs and CPU Period/],
    [{ cpuPeriod: '999' }, /CPU cfs period can not be less than 1ms/],
    [{ cpuPeriod: '1000001' }, /CPU cfs period can not be .* larger than 1s/],
    [{ cpuPeriod: 'x' }, /^--cpu-period "x"/],
    [{ cpuQuota: '999' }, /CPU cfs quota can not be less than 1ms/],
    [{ blkioWeight: '5' }, /^--blkio-weight "5": range of blkio weight is from 10 to 1000/],
    [{ blkioWeight: 'x' }, /^--blkio-weight "x"/],
    [{ cpuRtRuntime: '5000' }, /^--cpu-rt-runtime "5000": kernel does not support CPU real-time scheduler/],
  ])('%j is refused', (flags, words) => {
    const refuse = () => taken(flags, ({ limits = {} }) => [discarded(limits), resourcesOf(limits, MACHINE)]);
    expect(refuse).toThrow(words);
  });
});

describe('disks', () => {
  test.runIf(disk)('their shares and ceilings', () => {
    const { rdev } = statSync(disk ?? '');
    const number = `${majorOf(rdev)}:${minorOf(rdev)}`;
    const flags = {
      blkioWeight: '500',
      blkioWeightDevice: [`${disk}:100`],
      deviceReadBps: [`${disk}:1mb`],
      deviceWriteBps: [`${disk}:0`],
      deviceReadIops: [`${disk}:10`],
      deviceWriteIops: [`${disk}:20`],
    };
    expect(writes(flags)).toEqual([
      'io.bfq.weight: 500',
      `io.bfq.weight: ${number} 100`,
      `io.max: ${number} rbps=1048576`,
      `io.max: ${number} wbps=max`,
      `io.max: ${number} riops=10`,
      `io.max: ${number} wiops=20`,
    ]);
  });

  test.each([
    ['blkioWeightDevice', '/dev/sda', 'bad format: /dev/sda'],
    ['blkioWeightDevice', 'sda:100', 'bad format for device path: sda:100'],
    ['blkioWeightDevice', '/dev/sda:5', 'invalid weight for device: /dev/sda:5'],
    ['deviceReadBps', '/dev/sda:x', 'Unit is optional and can be kb, mb, or gb'],
    ['deviceWriteBps', '/dev/sda:-1', 'invalid rate for device: /dev/sda:-1'],
    ['deviceReadIops', '/dev/sda:1mb', '<device-path>:<number>. Number must be a positive integer'],
    ['deviceWriteIops', '/dev/zero:1', '--device-write-iops "/dev/zero:1": /dev/zero is no block device'],
    ['deviceReadIops', '/dev/none-there:1', '/dev/none-there is no block device on this host'],
  ])('--%s %s', (flag, value, words) => {
    expect(() => resources({ [flag]: [value] })).toThrow(words);
  });
});

test('what cgroup v2 does not have is discarded, and said to be', () => {
  const warn = (flags: Readonly<Record<string, unknown>>) => discarded(read(flags).limits ?? {});
  expect(warn({ memorySwappiness: '60' })).toEqual([expect.stringMatching(/swappiness discarded\.$/)]);
  expect(warn({ memorySwappiness: '-1' })).toEqual([]);
  expect(warn({ kernelMemory: '4m', oomKillDisable: true })).toEqual([
    expect.stringMatching(/kernel memory limit .* Limitation discarded\.$/),
    'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
  ]);
  expect(() => taken({ memorySwappiness: '101' }, ({ limits = {} }) => discarded(limits))).toThrow(
    '--memory-swappiness "101": valid memory swappiness range is 0-100',
  );
  const { mounts = [] } = read({ volume: ['/a:/b:Z,ro', 'v:/c:z', '/d:/d'] });
  expect(relabelled(mounts)).toEqual([
    '/b: nothing is labelled for SELinux, Z is ignored',
    '/c: nothing is labelled for SELinux, z is ignored',
  ]);
});

test('device rules', () => {
  expect(deviceRulesOf(['c 189:* rw', 'a *:* m'])).toEqual([
    { allow: true, type: 'c', major: 189, access: 'rw' },
    { allow: true, type: 'a', access: 'm' },
  ]);
  for (const text of ['foo', 'c 1:2', 'd 1:2 r', 'c 1 r', 'c 1:2 rwmx', 'c 1:2 r ', ''])
    expect(() =>
      taken({ deviceCgroupRule: [text] }, (config) => deviceRulesOf(config.deviceRules ?? [])),
    ).toThrow(`invalid device cgroup format '${text}'`);
});

test.each([
  [undefined, '/tinyrun'],
  ['', '/tinyrun'],
  ['/web', '/web'],
  ['web/a/', '/web/a'],
  ['/../../etc', '/etc'],
  ['/', ''],
  ['web-a.slice', '/web.slice/web-a.slice'],
  ['/x/web.slice', '/x/web.slice'],
])('a cgroup parent %j is %j', (parent, path) => {
  expect(cgroupBelow(parent)).toBe(path);
});

test('a slice that cannot be', () => {
  expect(() => taken({ cgroupParent: 'a--b.slice' }, (config) => cgroupBelow(config.cgroupParent))).toThrow(
    '--cgroup-parent "a--b.slice": no valid slice',
  );
});

describe('ports', () => {
  test.each([
    ['80', ['80/tcp']],
    ['80-82/udp', ['80/udp', '81/udp', '82/udp']],
    ['80/', ['80/tcp']],
    ['0', ['0/tcp']],
  ])('--expose %s', (text, ports) => {
    const { exposed = [] } = read({ expose: [text] });
    expect(exposed).toEqual(ports);
    expect(() => checkExposed(exposed)).not.toThrow();
  });

  test.each([
    ['90-80', 'invalid range format for --expose: 90-80, error: invalid range specified for port: 90-80'],
    ['x', 'invalid range format for --expose: x, error: '],
    ['80:80', 'invalid port format for --expose: 80:80'],
    ['70000', 'value out of range'],
    ['/tcp', 'empty string specified for ports'],
    ['', 'empty string specified for ports'],
  ])('--expose %j is refused', (text, words) => {
    expect(() => read({ expose: [text] })).toThrow(words);
  });

  test('of who writes no flags', () => {
    for (const port of ['80', '99999/tcp', '80/tcp/x', '-1/tcp'])
      expect(() => checkExposed([port])).toThrow('exposed[0]: not PORT/PROTOCOL');
  });
});

test('--label-file: lines as of --env-file, below --label; a key alone is none', ({ onTestFinished }) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'tinyrun-labels-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = path.join(directory, 'labels');
  writeFileSync(file, '# c\na=b\n\nkey\n  lead=x \nx=y=z\n');
  expect(read({ labelFile: [file], label: ['a=over'] }).labels).toEqual({ a: 'over', lead: 'x ', x: 'y=z' });
  writeFileSync(file, 'a b=c\n');
  expect(() => read({ labelFile: [file] })).toThrow(/^--label-file .*"a b" contains whitespace/);
  writeFileSync(file, '=c\n');
  expect(() => read({ labelFile: [file] })).toThrow(/no variable name/);
  expect(() => read({ labelFile: ['/none/there'] })).toThrow(/^--label-file \/none\/there: /);
});

test('--attach', () => {
  expect(attachedStreams({})).toBeUndefined();
  expect(attachedStreams({ attach: ['STDOUT', 'stderr'] })).toEqual(['stdout', 'stderr']);
  expect(() => attachedStreams({ attach: ['foo'] })).toThrow('valid streams are STDIN, STDOUT and STDERR');
});

test('-c is --cpu-shares', () => {
  expect(configOf(['-c', '512'], 'x', []).limits?.cpuShares).toBe(512);
});

test.each(['--link-local-ip', '--storage-opt', '--use-api-socket'])('%s is refused, and why', (flag) => {
  for (const given of [flag, `${flag}=x`])
    expect(plannedFlag('run', given)).toMatchObject({ code: 'FLAG', hint: expect.any(String) });
  expect(plannedFlag('run', flag)?.message).toMatch(new RegExp(`^${flag}: (?!is not there)`));
});
