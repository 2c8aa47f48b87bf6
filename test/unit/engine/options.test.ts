import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { capabilitySet } from '../../../src/engine/options/capabilities.ts';
import { commandOf } from '../../../src/engine/options/command.ts';
import { majorOf, minorOf, parseDevice } from '../../../src/engine/options/devices.ts';
import { mergeEnv, parseEnv, parseEnvFile } from '../../../src/engine/options/env.ts';
import { parseAddHost, parseResolver, resolvConf } from '../../../src/engine/options/files.ts';
import { parseUlimit, resourcesOf } from '../../../src/engine/options/limits.ts';
import { userMounts } from '../../../src/engine/options/mounts.ts';
import { namespaceModes } from '../../../src/engine/options/namespaces.ts';
import { parseSecurity } from '../../../src/engine/options/security.ts';
import { parseSize } from '../../../src/engine/options/size.ts';
import { sysctlsOf } from '../../../src/engine/options/sysctls.ts';

const image = 'busybox';

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['512', 512],
    ['1b', 1],
    ['1k', 1024],
    ['64m', 64 * 2 ** 20],
    ['64MB', 64 * 2 ** 20],
    ['1.5g', 1.5 * 2 ** 30],
    ['2 GiB', 2 * 2 ** 30],
  ])('%s', (text, bytes) => expect(parseSize(text, '-m')).toBe(bytes));

  test.each(['lots', '', '-1', '1x', '1kk', 'NaN', '0x10', '99999999p'])('%j is refused', (text) =>
    expect(() => parseSize(text, '--memory')).toThrow(`--memory ${JSON.stringify(text)}: not a size`),
  );
});

describe('env', () => {
  test('a name alone takes the caller’s value, or removes', () => {
    const host = { TERM: 'vt100' };
    expect(parseEnv(['A=1', 'TERM', 'GONE'], host)).toEqual(['A=1', 'TERM=vt100', 'GONE']);
    expect(mergeEnv(['GONE=x', 'A=0'], parseEnv(['A=1', 'GONE'], host))).toEqual(['A=1']);
    expect(() => parseEnv(['=x'], {})).toThrow(/no variable name/);
  });

  test('files: comments, blanks, verbatim values, a byte order mark', () => {
    const text = '\uFEFF# comment\n\n  A=1 # not a comment\nB="quoted"\r\nHOME\nGONE\nC=a=b\n';
    expect(parseEnvFile(Buffer.from(text), 'f', { HOME: '/h' })).toEqual([
      'A=1 # not a comment',
      'B="quoted"',
      'HOME=/h',
      'C=a=b',
    ]);
  });

  test.each([
    ['=x', /line 1 has no variable name/],
    ['A=1\nB C=2', /line 2: variable "B C" contains whitespace/],
  ])('%j is refused', (text, message) =>
    expect(() => parseEnvFile(Buffer.from(text), 'f', {})).toThrow(message),
  );

  test.each([
    ['A=1\nB=\xff\xfe\n', 2],
    ['\xff', 1],
    ['# \xff\nA=1', 1],
    ['A=\xc3\nB=\xa9', 1],
  ])('bytes that are no UTF-8: %j', (text, line) =>
    expect(() => parseEnvFile(Buffer.from(text, 'latin1'), 'f', {})).toThrow(
      `--env-file f: invalid utf8 bytes at line ${line}`,
    ),
  );

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
    [{ entrypoint: '/other' }, ['/other']],
    [{ entrypoint: '/other', args: ['x'] }, ['/other', 'x']],
    [{ entrypoint: '', args: ['x'] }, ['x']],
  ])('%j', (options, argv) => expect(commandOf({ image, ...options }, config)).toEqual(argv));

  test('nothing to run', () => {
    expect(() => commandOf({ image, entrypoint: '' }, config)).toThrow(/no command/);
    expect(() => commandOf({ image }, { Cmd: null, Entrypoint: null })).toThrow(/no command/);
  });
});

describe('capabilities', () => {
  const known = ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN'];
  const base = ['CAP_CHOWN', 'CAP_KILL'];
  test.each([
    [[], [], base],
    [['net_admin'], [], [...base, 'CAP_NET_ADMIN']],
    [['CAP_NET_ADMIN'], ['chown'], ['CAP_KILL', 'CAP_NET_ADMIN']],
    [['ALL'], [], known],
    [['all'], ['SYS_ADMIN'], ['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN']],
    [[], ['ALL'], []],
    [['KILL'], ['ALL'], ['CAP_KILL']],
  ])('add %j drop %j', (add, drop, expected) =>
    expect(capabilitySet({ base, known, add, drop })).toEqual(expected),
  );
  test('unknown', () => {
    expect(() => capabilitySet({ base, known, add: ['FLY'], drop: [] })).toThrow('--cap-add "FLY"');
    expect(() => capabilitySet({ base, known, add: [], drop: ['FLY'] })).toThrow('--cap-drop "FLY"');
  });
});

describe('limits', () => {
  const of = (options: object) => resourcesOf({ image, ...options });
  test('memory and swap', () => {
    expect(of({ memory: '64m' })).toEqual({ memory: { limit: 2 ** 26, swap: 2 ** 27 } });
    expect(of({ memory: '64m', memorySwap: '-1' })).toEqual({ memory: { limit: 2 ** 26, swap: -1 } });
    expect(of({ memory: '64m', memorySwap: '64m' })).toEqual({ memory: { limit: 2 ** 26, swap: 2 ** 26 } });
    expect(() => of({ memory: '5m' })).toThrow(/minimum memory limit allowed is 6MB/);
    expect(() => of({ memorySwap: '64m' })).toThrow(
      /you should always set the memory limit when using memoryswap limit$/,
    );
    expect(() => of({ memory: '64m', memorySwap: '32m' })).toThrow(
      /minimum memoryswap limit should be larger than memory limit$/,
    );
    expect(() => of({ memory: '64m', memoryReservation: '65m' })).toThrow(
      /minimum memory limit can not be less than memory reservation limit$/,
    );
  });
  test('processors', () => {
    expect(of({ cpus: '1.5' })).toEqual({ cpu: { quota: 150000, period: 100000 } });
    expect(of({ cpus: '.5', cpuShares: '512', cpusetCpus: '0-1,3' })).toEqual({
      cpu: { quota: 50000, period: 100000, shares: 512, cpus: '0-1,3' },
    });
    for (const cpus of ['x', '-1', '0.001']) expect(() => of({ cpus })).toThrow(/--cpus/);
    expect(() => of({ cpusetCpus: '0,' })).toThrow(/--cpuset-cpus/);
  });
  test('pids', () => {
    expect(of({ pidsLimit: '5' })).toEqual({ pids: { limit: 5 } });
    expect(of({ pidsLimit: '-1' })).toEqual({ pids: { limit: -1 } });
    expect(() => of({ pidsLimit: 'many' })).toThrow(/--pids-limit/);
  });
  test('ulimit', () => {
    expect(parseUlimit('nofile=10:20')).toEqual({ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 });
    expect(parseUlimit('core=0')).toEqual({ type: 'RLIMIT_CORE', soft: 0, hard: 0 });
    expect(parseUlimit('stack=8:-1').hard).toBe(2 ** 64);
    for (const text of ['nofile', 'nofile=', 'files=1', 'nofile=20:10', 'nofile=a:b', 'nofile=-1:5'])
      expect(() => parseUlimit(text)).toThrow(/--ulimit/);
  });
});

describe('mounts', () => {
  const of = (options: object) => userMounts({ image, ...options }, (path) => `/abs/${path}`);
  test('-v', () => {
    expect(of({ volume: ['/a:/b:ro'] })).toMatchObject([
      { destination: '/b', type: 'bind', source: '/abs//a', options: ['rbind', 'ro', 'rro', 'rprivate'] },
    ]);
    for (const text of ['/a:/b:huh', '/a:b', '/a:/', '/a:/b:ro:x', ':/b'])
      expect(() => of({ volume: [text] })).toThrow(/--volume/);
    expect(() => of({ volume: ['name:/b'] })).toThrow(/no named volumes yet/);
  });
  test('--mount', () => {
    expect(of({ mount: ['type=bind,src=/a,dst=/b,ro'] })).toMatchObject([
      { source: '/abs//a', createSource: false },
    ]);
    expect(of({ mount: ['type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=700'] })).toMatchObject([
      { type: 'tmpfs', options: ['noexec', 'nosuid', 'nodev', 'size=1048576', 'mode=700'] },
    ]);
    expect(() => of({ mount: ['type=bind,src=/a'] })).toThrow(/target/);
    expect(() => of({ mount: ['type=bind,dst=/a'] })).toThrow(/field Source must not be empty/);
    expect(() => of({ mount: ['type=bind,src=/a,dst=/b,what=1'] })).toThrow(/unexpected key 'what'/);
    expect(() => of({ mount: ['type=volume,dst=/b'] })).toThrow(/not there yet/);
  });
  test('--tmpfs', () => {
    expect(of({ tmpfs: ['/t:size=1m,exec'] })).toMatchObject([
      { options: ['nosuid', 'nodev', 'size=1m', 'exec'] },
    ]);
    expect(() => of({ tmpfs: ['/t:bogus'] })).toThrow(/invalid tmpfs option "bogus"/);
    expect(() => of({ tmpfs: ['t'] })).toThrow(/absolute/);
  });
  test('outer mounts come first, a place has one mount', () => {
    expect(of({ tmpfs: ['/a/b/c', '/a'] }).map((m) => m.destination)).toEqual(['/a', '/a/b/c']);
    expect(() => of({ tmpfs: ['/a', '/a/'] })).toThrow(/two mounts on \/a/);
  });
});

describe('security options, namespaces, sysctls, files', () => {
  test('security', () => {
    expect(
      parseSecurity(['seccomp=unconfined', 'no-new-privileges', 'apparmor:foo', 'label=disable']),
    ).toEqual({
      seccomp: 'unconfined',
      noNewPrivileges: true,
      apparmor: 'foo',
      labels: ['disable'],
    });
    expect(parseSecurity(['no-new-privileges:false']).noNewPrivileges).toBe(false);
    for (const text of ['x', 'seccomp=', 'no-new-privileges=maybe', 'seccomp=/nonexistent'])
      expect(() => parseSecurity([text])).toThrow(/--security-opt/);
  });
  test('namespaces', () => {
    expect(namespaceModes({ image }).network).toEqual({ kind: 'private' });
    expect(namespaceModes({ image, pid: 'container:x' }).pid).toEqual({ kind: 'container', id: 'x' });
    expect(() => namespaceModes({ image, pid: 'mine' })).toThrow(/--pid "mine"/);
    expect(() => namespaceModes({ image, network: 'bridge' })).toThrow(/no networks yet/);
  });
  test('sysctls change the container, never the host', () => {
    const own = () => true;
    expect(sysctlsOf(['net.core.somaxconn=5'], {}, own)).toEqual({ 'net.core.somaxconn': '5' });
    expect(sysctlsOf(['net/ipv4/ip_forward=1'], {}, own)).toEqual({ 'net.ipv4.ip_forward': '1' });
    expect(sysctlsOf([], { 'net.a.b': '1' }, () => false)).toEqual({});
    expect(() => sysctlsOf(['kernel.core_pattern=|x'], {}, own)).toThrow(/belongs to no namespace/);
    expect(() => sysctlsOf(['net.a.b=1'], {}, () => false)).toThrow(/shares its network namespace/);
    expect(() => sysctlsOf(['net.../../kernel=1'], {}, own)).toThrow(/not KEY=VALUE/);
  });
  test('hosts and resolv.conf', () => {
    expect(parseAddHost('db:10.0.0.1')).toEqual({ name: 'db', address: '10.0.0.1' });
    expect(parseAddHost('db=[::1]')).toEqual({ name: 'db', address: '::1' });
    expect(() => parseAddHost('db:here')).toThrow(/--add-host/);
    const conf = (options: object) =>
      resolvConf(
        '# x\nsearch a\nnameserver 1.1.1.1\noptions ndots:2\n',
        parseResolver({ image, ...options }),
      );
    expect(conf({})).toBe('# x\nsearch a\nnameserver 1.1.1.1\noptions ndots:2\n');
    expect(conf({ dns: [' 9.9.9.9'] })).toBe('search a\noptions ndots:2\nnameserver 9.9.9.9\n');
    expect(conf({ dnsSearch: ['b.c', 'd.'] })).toBe('nameserver 1.1.1.1\noptions ndots:2\nsearch b.c d.\n');
    expect(conf({ dnsSearch: ['.'] })).toBe('nameserver 1.1.1.1\noptions ndots:2\n');
    expect(conf({ dnsOption: ['ndots:1', 'edns0'] })).toBe(
      'search a\nnameserver 1.1.1.1\noptions ndots:1 edns0\n',
    );
    expect(() => conf({ dnsOption: ['a\nnameserver 6.6.6.6'] })).toThrow(/--dns-option/);
    expect(() => conf({ dnsSearch: ['a\nnameserver b'] })).toThrow(/--dns-search/);
  });
  test('devices', () => {
    expect(parseDevice('/dev/zero:/dev/z:r')).toMatchObject({
      devices: [{ path: '/dev/z', type: 'c', major: 1, minor: 5 }],
      rules: [{ allow: true, type: 'c', major: 1, minor: 5, access: 'r' }],
    });
    for (const text of ['zero', '/dev/zero:/dev/z:x', '/etc/passwd', '/nonexistent'])
      expect(() => parseDevice(text)).toThrow(/--device/);
    expect([majorOf(0x12345678), minorOf(0x12345678)]).toEqual([0x456, 0x12378]);
  });
});
