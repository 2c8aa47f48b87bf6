import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capabilitiesOf } from '../../../../src/engine/config/capabilities.ts';
import { commandOf } from '../../../../src/engine/config/command.ts';
import { devicesOf, grantOf, majorOf, minorOf } from '../../../../src/engine/config/devices.ts';
import { checkEnv, mergeEnv } from '../../../../src/engine/config/env.ts';
import { ConfigError } from '../../../../src/engine/config/error.ts';
import { checkFields } from '../../../../src/engine/config/fields.ts';
import { resourcesOf, rlimitsOf } from '../../../../src/engine/config/limits.ts';
import { hostLines, resolvConf } from '../../../../src/engine/config/lookup.ts';
import { missingSources, mountsOf } from '../../../../src/engine/config/mounts.ts';
import { namespaceModes } from '../../../../src/engine/config/namespaces.ts';
import { sysctlsOf } from '../../../../src/engine/config/sysctls.ts';
import type { ContainerConfig, Limits, MountConfig } from '../../../../src/engine/config/types.ts';

const image = 'busybox';

/** The field that is refused. */
function fieldOf(use: () => unknown): string {
  try {
    use();
  } catch (error) {
    if (error instanceof ConfigError) return error.field;
    throw error;
  }
  return '';
}

test('a configuration without types: unknown names, and values of another kind', () => {
  const fits = {
    image,
    args: ['x'],
    tty: true,
    network: 'host',
    limits: {},
    labels: { a: 'b' },
    user: undefined,
  };
  expect(() => checkFields(fits as ContainerConfig)).not.toThrow();
  const wrong = {
    rm: true,
    toString: 1,
    image: 1,
    args: 'echo hi',
    env: [1],
    hostname: null,
    tty: 'yes',
    mounts: ['/a:/b'],
    labels: { a: 1 },
    limits: '64m',
    network: 5,
  };
  const said = Object.entries(wrong).map(([field, value]) => {
    try {
      checkFields({ image, [field]: value } as ContainerConfig);
    } catch (error) {
      return (error as Error).message;
    }
    return `${field} is taken`;
  });
  expect(said).toEqual([
    'rm: there is no such field',
    'toString: there is no such field',
    'image: not a text',
    'args: not a list of texts',
    'env: not a list of texts',
    'hostname: not a text',
    'tty: not true or false',
    'mounts: not a list of objects',
    'labels: not an object of texts',
    'limits: not an object',
    'network: not a word, an object or a list of objects',
  ]);
});

describe('env', () => {
  test('a name alone removes; what has none is refused', () => {
    expect(mergeEnv(['GONE=x', 'A=0'], ['A=1', 'GONE'])).toEqual(['A=1']);
    expect(() => checkEnv(['A=1', '=x'])).toThrow('env[1]: no variable name');
    expect(() => checkEnv(['A=\0'])).toThrow('env[0]: contains a NUL byte');
  });

  test('merging keeps one entry a name, the last', () => {
    const entry = fc.tuple(fc.constantFrom('A', 'B', 'C'), fc.string()).map(([k, v]) => `${k}=${v}`);
    fc.assert(
      fc.property(fc.array(entry), fc.array(entry), (first, second) => {
        const merged = mergeEnv(first, second);
        const keys = merged.map((e) => e[0]);
        expect(new Set(keys).size).toBe(keys.length);
        for (const key of keys) expect(merged).toContain([...first, ...second].findLast((e) => e[0] === key));
      }),
    );
  });
});

describe('command', () => {
  const config = { Entrypoint: ['/entry'], Cmd: ['default'] };
  test.each([
    [{}, ['/entry', 'default']],
    [{ args: ['x', 'y'] }, ['/entry', 'x', 'y']],
    [{ entrypoint: ['/other'] }, ['/other']],
    [{ entrypoint: ['/other'], args: ['x'] }, ['/other', 'x']],
    [{ entrypoint: [], args: ['x'] }, ['x']],
  ])('%j', (options, argv) => expect(commandOf({ image, ...options }, config)).toEqual(argv));

  test('nothing to run', () => {
    expect(() => commandOf({ image, entrypoint: [] }, config)).toThrow(/no command/);
    expect(() => commandOf({ image }, { Cmd: null, Entrypoint: null })).toThrow(/no command/);
  });
});

describe('capabilities', () => {
  const held = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'];
  const defaults = ['CAP_CHOWN', 'CAP_KILL'];
  const of = (add: string[], drop: string[], privileged = false) =>
    capabilitiesOf({ capabilities: { add, drop }, privileged }, defaults, held);
  test.each([
    [[], [], defaults],
    [['net_admin'], [], [...defaults, 'CAP_NET_ADMIN']],
    [['CAP_NET_ADMIN'], ['chown'], ['CAP_KILL', 'CAP_NET_ADMIN']],
    [['ALL'], [], held],
    [['all'], ['SYS_ADMIN'], ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN']],
    [[], ['ALL'], []],
    [['KILL'], ['ALL'], ['CAP_KILL']],
  ])('add %j drop %j', (add, drop, expected) => expect(of(add, drop)).toEqual(expected));
  test('privileged: all that is held, whatever is dropped', () =>
    expect(of([], ['ALL'], true)).toEqual(held));
  test('unknown, or not ours to give', () => {
    expect(() => of(['KILL', 'FLY'], [])).toThrow('security.capabilities.add[1]: unknown capability');
    expect(() => of([], ['FLY'])).toThrow('security.capabilities.drop[0]: unknown capability');
    expect(() => of(['SYS_TIME'], [])).toThrow(/add\[0\]: tinyrun itself does not have this capability/);
  });
});

describe('limits', () => {
  const machine = { processors: 2, readSet: () => '0-1' };
  const of = (limits: Limits) => resourcesOf(limits, machine);
  const M = 2 ** 20;
  test('memory and swap', () => {
    expect(of({ memory: 64 * M })).toEqual({ memory: { limit: 2 ** 26, swap: 2 ** 27 } });
    expect(of({ memory: 64 * M, memorySwap: -1 })).toEqual({ memory: { limit: 2 ** 26, swap: -1 } });
    expect(of({ memory: 64 * M, memorySwap: 64 * M })).toEqual({ memory: { limit: 2 ** 26, swap: 2 ** 26 } });
    expect(() => of({ memory: 5 * M })).toThrow('limits.memory: minimum memory limit allowed is 6MB');
    expect(() => of({ memorySwap: 64 * M })).toThrow(
      'limits.memorySwap: you should always set the memory limit',
    );
    expect(() => of({ memory: 64 * M, memorySwap: 32 * M })).toThrow(
      'limits.memorySwap: minimum memoryswap limit should be larger than memory limit',
    );
    expect(() => of({ memory: 64 * M, memoryReservation: 65 * M })).toThrow(
      'limits.memoryReservation: minimum memory limit can not be less than memory reservation limit',
    );
  });
  test.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60])('%s is no number of bytes', (memory) =>
    expect(() => of({ memory })).toThrow('limits.memory: not a number of bytes'),
  );
  test('processors', () => {
    expect(of({ cpus: 1.5 })).toEqual({ cpu: { quota: 150000, period: 100000 } });
    expect(of({ cpus: 0.5, cpuShares: 512, cpusetCpus: '0-1' })).toEqual({
      cpu: { quota: 50000, period: 100000, shares: 512, cpus: '0-1' },
    });
    for (const cpus of [Number.NaN, -1, 0.001, 3]) expect(fieldOf(() => of({ cpus }))).toBe('limits.cpus');
    expect(fieldOf(() => of({ cpusetCpus: '0,' }))).toBe('limits.cpusetCpus');
  });
  test('pids', () => {
    expect(of({ pids: 5 })).toEqual({ pids: { limit: 5 } });
    expect(of({ pids: -1 })).toEqual({ pids: { limit: -1 } });
    expect(fieldOf(() => of({ pids: Number.NaN }))).toBe('limits.pids');
  });
  test('rlimits', () => {
    const one = (name: string, soft: number, hard: number) =>
      rlimitsOf({ rlimits: [{ name, soft, hard }] })[0];
    expect(one('nofile', 10, 20)).toEqual({ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 });
    expect(one('stack', 8, -1)?.hard).toBe(2 ** 64);
    expect(() => one('files', 1, 1)).toThrow('limits.rlimits[0]: no limit is called "files"');
    expect(() => one('nofile', 20, 10)).toThrow('limits.rlimits[0]: the soft limit is above the hard one');
    expect(() => one('nofile', Number.NaN, 1)).toThrow('limits.rlimits[0]: not a number from -1 or more');
  });
});

describe('mounts', () => {
  const bind: MountConfig = { kind: 'bind', source: '/a', target: '/b' };
  const tmpfs = (target: string, options?: string[]): MountConfig => ({ kind: 'tmpfs', target, options });
  test('bind', () => {
    expect(mountsOf([{ ...bind, readOnly: true }])).toEqual([
      { destination: '/b', type: 'bind', source: '/a', options: ['rbind', 'ro', 'rro', 'rprivate'] },
    ]);
    const wrong = [{ target: 'b' }, { target: '/' }, { source: 'a' }, { propagation: 'huh' as 'shared' }];
    expect(wrong.map((more) => fieldOf(() => mountsOf([{ ...bind, ...more }])))).toEqual([
      'mounts[0].target',
      'mounts[0].target',
      'mounts[0].source',
      'mounts[0].propagation',
    ]);
    expect(fieldOf(() => mountsOf([{ ...bind, kind: 'cluster' as 'bind' }]))).toBe('mounts[0].kind');
  });
  test('a source that is missing is made, or refused', () => {
    const missing = { ...bind, source: '/nonexistent/a' };
    expect(
      missingSources([
        { ...missing, createSource: true },
        { ...bind, source: '/' },
      ]),
    ).toEqual(['/nonexistent/a']);
    expect(() => missingSources([tmpfs('/t'), missing])).toThrow(
      'mounts[1].source: the bind source /nonexistent/a does not exist',
    );
  });
  test('tmpfs', () => {
    expect(mountsOf([tmpfs('/t', ['size=1m', 'exec'])])).toMatchObject([
      { options: ['nosuid', 'nodev', 'size=1m', 'exec'] },
    ]);
    expect(() => mountsOf([tmpfs('/t', ['bogus'])])).toThrow(
      'mounts[0].options: invalid tmpfs option "bogus"',
    );
    expect(() => mountsOf([tmpfs('t')])).toThrow(/absolute/);
  });
  test('outer mounts come first, a place has one mount', () => {
    expect(mountsOf([tmpfs('/a/b/c'), tmpfs('/a')]).map((m) => m.destination)).toEqual(['/a', '/a/b/c']);
    expect(() => mountsOf([tmpfs('/a'), tmpfs('/a/')])).toThrow('mounts[1]: two mounts on /a');
  });
});

describe('namespaces, sysctls, files', () => {
  const modes = (config: Partial<ContainerConfig>) => namespaceModes({ image, ...config });
  test('namespaces', () => {
    expect(modes({})).toMatchObject({ network: 'private', user: 'host', ipc: 'private' });
    expect(modes({ namespaces: { pid: { container: 'x' }, ipc: 'none' } })).toMatchObject({
      pid: { container: 'x' },
      ipc: 'private',
    });
    expect(fieldOf(() => modes({ namespaces: { pid: 'mine' as 'host' } }))).toBe('namespaces.pid');
    expect(fieldOf(() => modes({ namespaces: { pid: { container: '' } } }))).toBe('namespaces.pid');
    expect(() => modes({ network: 'bridge' as 'host' })).toThrow('network: not a mode');
    const mapped = { namespaces: { user: 'private' }, security: { privileged: true } } as const;
    expect(fieldOf(() => modes(mapped))).toBe('security.privileged');
  });
  test('sysctls change the container, never the host', () => {
    const own = () => true;
    expect(sysctlsOf({ 'net.core.somaxconn': '5' }, {}, own)).toEqual({ 'net.core.somaxconn': '5' });
    expect(sysctlsOf({ 'net/ipv4/ip_forward': '1' }, {}, own)).toEqual({ 'net.ipv4.ip_forward': '1' });
    expect(sysctlsOf({}, { 'net.a.b': '1' }, () => false)).toEqual({});
    expect(() => sysctlsOf({ 'kernel.core_pattern': '|x' }, {}, own)).toThrow(
      'sysctls.kernel.core_pattern: belongs to no namespace',
    );
    expect(() => sysctlsOf({ 'net.a.b': '1' }, {}, () => false)).toThrow(/shares its network namespace/);
    expect(() => sysctlsOf({ 'net.../../kernel': '1' }, {}, own)).toThrow(/not KEY=VALUE/);
  });
  test('hosts and resolv.conf', () => {
    const hosts = (name: string, address: string, network?: 'host' | 'none') =>
      hostLines({ image, network, names: { hosts: [{ name, address }] } });
    expect(hosts('db', '10.0.0.1')).toBe('10.0.0.1\tdb\n');
    expect(hosts('db', '::1')).toBe('::1\tdb\n');
    expect(hosts('me', 'host-gateway', 'host')).toBe('127.0.0.1\tme\n');
    expect(fieldOf(() => hosts('db', 'here'))).toBe('names.hosts[0].address');
    expect(fieldOf(() => hosts('d b', '::1'))).toBe('names.hosts[0].name');
    expect(fieldOf(() => hosts('me', 'host-gateway', 'none'))).toBe('names.hosts[0].address');
    const conf = (names: ContainerConfig['names']) =>
      resolvConf('# x\nsearch a\nnameserver 1.1.1.1\noptions ndots:2\n', names);
    expect(conf({})).toBe('# x\nsearch a\nnameserver 1.1.1.1\noptions ndots:2\n');
    expect(conf({ servers: ['9.9.9.9'] })).toBe('search a\noptions ndots:2\nnameserver 9.9.9.9\n');
    expect(conf({ search: ['b.c', 'd.'] })).toBe('nameserver 1.1.1.1\noptions ndots:2\nsearch b.c d.\n');
    expect(conf({ search: ['.'] })).toBe('nameserver 1.1.1.1\noptions ndots:2\n');
    expect(conf({ options: ['ndots:1', 'edns0'] })).toBe(
      'search a\nnameserver 1.1.1.1\noptions ndots:1 edns0\n',
    );
    expect(() => conf({ options: ['a\nnameserver 6.6.6.6'] })).toThrow('names.options[0]: more than one');
    expect(() => conf({ search: ['a\nnameserver b'] })).toThrow('names.search[0]: not a valid domain');
  });
  test('devices', () => {
    expect(grantOf({ host: '/dev/zero', path: '/dev/z', access: 'r' }, 'd')).toMatchObject({
      devices: [{ path: '/dev/z', type: 'c', major: 1, minor: 5 }],
      rules: [{ allow: true, type: 'c', major: 1, minor: 5, access: 'r' }],
    });
    const fields = [
      { host: 'zero' },
      { host: '/dev/zero', path: 'z' },
      { host: '/dev/zero', access: 'x' },
      { host: '/etc/passwd' },
      { host: '/nonexistent' },
    ].map((device) => fieldOf(() => devicesOf([device], false)));
    expect(fields).toEqual([
      'devices[0]',
      'devices[0]',
      ...['access', 'host', 'host'].map((f) => `devices[0].${f}`),
    ]);
    expect([majorOf(0x12345678), minorOf(0x12345678)]).toEqual([0x456, 0x12378]);
  });
});
