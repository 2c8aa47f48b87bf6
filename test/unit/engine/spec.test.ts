import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../src/engine/config/check.ts';
import type { ContainerConfig } from '../../../src/engine/config/types.ts';
import { buildSpec, type SpecInput } from '../../../src/engine/spec.ts';
import { forSystemd } from '../../../src/engine/systemd.ts';
import type { HostFacts } from '../../../src/plan/host.ts';
import { MASKED_PATHS } from '../../../src/spec/defaults.ts';
import { CAPABILITIES } from '../../../src/spec/linux.ts';
import type { LinuxNamespace } from '../../../src/spec/types.ts';

const ALL = (1n << BigInt(CAPABILITIES.length)) - 1n;
const CAP_SYS_RESOURCE = 1n << 24n;
const NAMESPACES: LinuxNamespace[] = (['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'] as const).map(
  (type) => ({ type }),
);

const HOST: HostFacts = {
  kernel: { release: '6.18.0', major: 6, minor: 18 },
  arch: 'x64',
  uid: 0,
  gid: 0,
  capabilities: { effective: ALL, last: CAPABILITIES.length - 1 },
  cgroup: {
    mode: 'v2',
    unifiedRoot: '/sys/fs/cgroup',
    controllers: ['memory', 'pids'],
    v1: {},
    own: '/',
  },
  apparmor: false,
  selinux: false,
  inUserns: false,
};

function input(more: Partial<ContainerConfig> = {}, given: Partial<SpecInput> = {}): SpecInput {
  const { host = HOST } = given;
  const config = { image: 'busybox', ...more };
  return {
    id: 'c'.repeat(64),
    config,
    checked: checkConfig(config, host),
    argv: ['true'],
    image: { Env: ['PATH=/image', 'LANG=C'], WorkingDir: '/srv' },
    user: { user: { uid: 0, gid: 0, additionalGids: [0] }, home: '/root' },
    rootfs: '/rootfs',
    host,
    hardNofile: 4096,
    hostname: 'cccccccccccc',
    namespaces: NAMESPACES,
    mounts: [],
    ...given,
  };
}

const add = (name: string) => ({ security: { capabilities: { add: [name] } } });
const build = (options?: Partial<ContainerConfig>, more?: Partial<SpecInput>) =>
  buildSpec(input(options, more));

test('for systemd: directories in memory below what is asked for, and a cgroup that it may write to', () => {
  const systemd = forSystemd('d'.repeat(64), [], checkConfig({ image: 'x' }, HOST).modes, HOST.cgroup);
  const mounts = [{ destination: '/run/secrets', type: 'tmpfs', source: 'tmpfs' }];
  const spec = build({}, { systemd, mounts });
  const at = (path: string) => spec.mounts?.findIndex(({ destination }) => destination === path) ?? -1;
  expect(spec.mounts?.[at('/sys/fs/cgroup')]?.options).not.toContain('ro');
  expect(spec.mounts?.[at('/sys')]?.options).toContain('ro');
  expect(spec.mounts?.[at('/run')]).toMatchObject({
    type: 'tmpfs',
    options: expect.arrayContaining(['nosuid']),
  });
  expect(at('/run')).toBeLessThan(at('/run/secrets'));
  expect(spec.process?.env).toContain('container=tinyrun');
  const own = build({ env: ['container=mine'] }, { systemd });
  expect(own.process?.env?.filter((entry) => entry.startsWith('container='))).toEqual(['container=mine']);
});

test('the heat of each processor of the host is masked, but for the privileged', () => {
  const thermalThrottle = [0, 1].map((n) => `/sys/devices/system/cpu/cpu${n}/thermal_throttle`);
  const hot = { host: { ...input().host, thermalThrottle } };
  expect(build({}, hot).linux?.maskedPaths).toEqual([...MASKED_PATHS, ...thermalThrottle]);
  expect(build({}).linux?.maskedPaths).toEqual(MASKED_PATHS);
  expect(build({ security: { privileged: true } }, hot).linux?.maskedPaths).toBeUndefined();
});

describe('process', () => {
  test('environment, directory, umask', () => {
    const { process } = build({ tty: true, env: ['LANG=de', 'X=1'] });
    expect(process?.env).toEqual([
      'PATH=/image',
      'HOSTNAME=cccccccccccc',
      'TERM=xterm',
      'LANG=de',
      'X=1',
      'HOME=/root',
    ]);
    expect(process).toMatchObject({ cwd: '/srv', terminal: true, user: { umask: 0o022 }, args: ['true'] });
  });
  test('HOME of the image or of -e stays', () => {
    expect(build({ env: ['HOME=/x'] }).process?.env).toContain('HOME=/x');
    expect(build({ env: ['HOME=/x'] }).process?.env).not.toContain('HOME=/root');
  });
  test('another user holds nothing, whatever the bound', () => {
    const { capabilities } =
      build(
        { security: { capabilities: { add: ['NET_ADMIN'] } } },
        { user: { user: { uid: 5, gid: 5 }, home: '/' } },
      ).process ?? {};
    expect(capabilities).toMatchObject({ effective: [], permitted: [], inheritable: [], ambient: [] });
    expect(capabilities?.bounding).toContain('CAP_NET_ADMIN');
  });
  test('nobody can hand on a capability that tinyrun has not', () => {
    const poor = {
      ...input().host,
      capabilities: { effective: ALL & ~CAP_SYS_RESOURCE, last: CAPABILITIES.length - 1 },
    };
    expect(() => build(add('SYS_RESOURCE'), { host: poor })).toThrow(/does not have this capability/);
    expect(build(add('ALL'), { host: poor }).process?.capabilities?.bounding).not.toContain(
      'CAP_SYS_RESOURCE',
    );
    expect(
      build({ security: { privileged: true } }, { host: poor }).process?.capabilities?.bounding,
    ).toHaveLength(CAPABILITIES.length - 1);
  });
  test('nofile stays within the hard limit of who may not raise it', () => {
    const poor = { ...input().host, capabilities: { effective: 0x3fn, last: CAPABILITIES.length - 1 } };
    expect(build({}, { host: poor, hardNofile: 512 }).process?.rlimits).toEqual([
      { type: 'RLIMIT_NOFILE', soft: 512, hard: 512 },
    ]);
    expect(build().process?.rlimits).toEqual([{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 524288 }]);
    expect(build({ limits: { rlimits: [{ name: 'nofile', soft: 1, hard: 2 }] } }).process?.rlimits).toEqual([
      { type: 'RLIMIT_NOFILE', soft: 1, hard: 2 },
    ]);
  });
  test('a relative working directory is refused', () => {
    expect(() => build({ workdir: 'x' })).toThrow(/not an absolute path/);
  });
});

describe('linux', () => {
  test('hardened by default', () => {
    const { linux } = build();
    expect(linux?.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO');
    expect(linux?.maskedPaths).toContain('/proc/kcore');
    expect(linux?.readonlyPaths).toContain('/proc/sys');
    expect(linux?.resources?.devices?.[0]).toEqual({ allow: false, access: 'rwm' });
    expect(linux?.resources?.pids).toEqual({ limit: 2048 });
    expect(linux?.cgroupsPath).toBe(`/tinyrun/${'c'.repeat(64)}`);
  });
  test('--privileged has none of it', () => {
    const { linux, mounts } = build({ security: { privileged: true } });
    expect(linux).not.toHaveProperty('seccomp');
    expect(linux).not.toHaveProperty('maskedPaths');
    expect(linux?.resources?.devices).toEqual([{ allow: true, access: 'rwm' }]);
    for (const path of ['/sys', '/sys/fs/cgroup'])
      expect(mounts?.find((mount) => mount.destination === path)?.options).not.toContain('ro');
  });
  test('a default pids limit only where it can be kept; one that is asked for always', () => {
    const hybrid = { ...input().host, cgroup: { ...input().host.cgroup, controllers: [] } };
    expect(build({}, { host: hybrid }).linux?.resources).not.toHaveProperty('pids');
    expect(build({ limits: { pids: 7 } }, { host: hybrid }).linux?.resources?.pids).toEqual({ limit: 7 });
  });
  test('what is shared with the host is not set for it', () => {
    const shared = NAMESPACES.filter(({ type }) => type !== 'uts' && type !== 'network' && type !== 'ipc');
    const spec = build({}, { namespaces: shared });
    expect(spec).not.toHaveProperty('hostname');
    expect(spec.linux?.sysctl).toEqual({});
    expect(spec.mounts?.find((mount) => mount.destination === '/dev/shm')).toMatchObject({
      type: 'bind',
      source: '/dev/shm',
    });
    expect(() => build({ sysctls: { 'net.ipv4.ip_forward': '1' } }, { namespaces: shared })).toThrow(
      /shares its network/,
    );
  });
  test('seccomp: unconfined, or a profile of one’s own', () => {
    expect(build({ security: { seccomp: 'unconfined' } }).linux).not.toHaveProperty('seccomp');
    const own = { defaultAction: 'SCMP_ACT_ALLOW' } as const;
    const seccomp = { name: 'f', text: '{}' };
    const security = { privileged: true, noNewPrivileges: true, seccomp };
    const spec = build({ security }, { readProfile: () => own });
    expect(spec.linux?.seccomp).toEqual(own);
    expect(spec.process?.noNewPrivileges).toBe(true);
  });
});

test('a mount of one’s own replaces the default on the same place', () => {
  const own = { destination: '/dev/shm/', type: 'tmpfs', source: 'tmpfs', options: [] };
  const places = build({}, { mounts: [own] }).mounts?.map((mount) => mount.destination);
  expect(places?.filter((place) => place.startsWith('/dev/shm'))).toEqual(['/dev/shm/']);
});
