import { hostFileMounts, hostFiles, plainPaths } from '../../../src/engine/hostfiles.ts';
import type { CompileOptions } from '../../../src/plan/compile/index.ts';
import type { Contribution } from '../../../src/plan/contribution.ts';
import type { HostFacts } from '../../../src/plan/host.ts';
import { publishedState } from '../../../src/runtime/state.ts';
import { DEVICE_ALLOW_ALL, defaultSpec } from '../../../src/spec/defaults.ts';
import type { Linux, LinuxIDMapping, LinuxNamespaceType, Mount, Spec } from '../../../src/spec/types.ts';
import { HYBRID, NONE, ROOT, ROOTLESS } from './hosts.ts';

export interface Case {
  readonly spec: Spec;
  readonly host?: HostFacts;
  readonly options?: Partial<CompileOptions>;
}

/** As little as a container can be: what a case adds is what its golden file shows. */
export const MINIMAL: Spec = {
  ociVersion: '1.2.1',
  process: { cwd: '/', args: ['true'], env: ['PATH=/bin'] },
  root: { path: 'rootfs' },
  linux: { namespaces: [{ type: 'mount' }], resources: { devices: [DEVICE_ALLOW_ALL] } },
};

const STATE = {
  version: 1,
  id: 'c1',
  ociVersion: '1.2.1',
  bundle: '/run/c',
  rootfs: '/run/r',
  created: '2026-11-27T00:00:00Z',
  owner: 0,
  bootId: 'b',
  fifo: '',
} as const;
const MAPS: LinuxIDMapping[] = [{ containerID: 0, hostID: 100000, size: 65536 }];
const ALL: LinuxNamespaceType[] = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'];

function linux(more: Linux, base: Spec = MINIMAL): Spec {
  return { ...base, linux: { ...base.linux, ...more } };
}
const namespaces = (...types: LinuxNamespaceType[]): Linux => ({
  namespaces: types.map((type) => ({ type })),
});
const mapped = (...types: LinuxNamespaceType[]): Linux => ({
  ...namespaces('user', ...types),
  uidMappings: MAPS,
  gidMappings: MAPS,
});
const mounting = (...mounts: Mount[]): Spec => ({ ...MINIMAL, mounts });
const bind = (destination: string, source: string, ...options: string[]): Mount => ({
  destination,
  type: 'bind',
  source,
  options,
});
const process = (more: object, base: Spec = MINIMAL): Spec => ({
  ...base,
  process: { cwd: '/', ...base.process, ...more },
});

const up = { protocol: 0, request: new Uint8Array(16), deviceAt: [], pidAt: [] };
/** Two networks' worth: each numbers its slots from 0. */
export const CONTRIBUTED: Contribution[] = ['eth0', 'eth1'].map((device) => ({
  slots: 2,
  passed: [1],
  before: [
    { op: 'open', lane: 'host', args: { path: '/a', flags: 0, slot: 0 }, why: 'kept here' },
    { op: 'open', lane: 'host', args: { path: '/b', flags: 0, slot: 1 }, why: 'passed on' },
  ],
  born: [
    {
      op: 'netlink',
      lane: 'host',
      args: { ...up, device: '', pidAt: [12] },
      why: 'its link',
      undo: [{ op: 'netlink', args: { ...up, device: `tr-${device}` } }],
    },
  ],
  inside: [
    { op: 'netlink', lane: 'container', args: { ...up, device }, why: 'its address' },
    { op: 'closeSlot', lane: 'container', args: { slot: 1 }, why: 'done with' },
  ],
}));

const SECCOMP = { filter: new Uint8Array(16).fill(6), flags: 0 };
const ERRNO = { defaultAction: 'SCMP_ACT_ERRNO' } as const;

const NAMESPACE_CASES: Record<string, Case> = {
  'namespace-none': { spec: linux({ namespaces: [] }) },
  'namespace-pid': { spec: linux(namespaces('mount', 'pid')) },
  'namespace-network': { spec: linux(namespaces('mount', 'network')) },
  'namespace-mount': { spec: MINIMAL },
  'namespace-ipc': { spec: linux(namespaces('mount', 'ipc')) },
  'namespace-uts': { spec: { ...linux(namespaces('mount', 'uts')), hostname: 'box', domainname: 'example' } },
  'namespace-user': { spec: linux(mapped('mount')) },
  'namespace-cgroup': { spec: linux(namespaces('mount', 'cgroup')) },
  'namespace-time': {
    spec: linux({
      ...namespaces('mount', 'time'),
      timeOffsets: { monotonic: { secs: 60 }, boottime: { nanosecs: 5 } },
    }),
  },
  'namespace-all': { spec: linux({ ...mapped(...ALL.filter((type) => type !== 'user')) }) },
  'joined-pod': {
    spec: linux({
      namespaces: [
        { type: 'mount' },
        { type: 'pid' },
        { type: 'network', path: '/run/netns/pod' },
        { type: 'ipc', path: '/proc/7/ns/ipc' },
      ],
    }),
  },
  'joined-ipc-and-shm': {
    spec: linux(
      { namespaces: [{ type: 'mount' }, { type: 'ipc', path: '/proc/7/ns/ipc' }] },
      {
        ...MINIMAL,
        mounts: [
          {
            destination: '/dev/shm',
            type: 'bind',
            source: '/proc/7/root/dev/shm',
            options: ['rbind', 'nosuid'],
          },
        ],
      },
    ),
  },
  'joined-pid': { spec: linux({ namespaces: [{ type: 'mount' }, { type: 'pid', path: '/proc/7/ns/pid' }] }) },
  'joined-user': {
    spec: linux({
      namespaces: [
        { type: 'mount' },
        { type: 'user', path: '/proc/7/ns/user' },
        { type: 'network', path: '/run/n' },
      ],
    }),
  },
  'joined-net-new-user': {
    spec: linux({
      ...mapped('mount'),
      namespaces: [...(mapped('mount').namespaces ?? []), { type: 'network', path: '/run/n' }],
    }),
  },
  // into a new network, and into one that is not the new user namespace's
  'net-devices': {
    spec: linux(namespaces('mount', 'network')),
    options: {
      netDevices: {
        eth1: { as: 'eth0', addresses: ['192.0.2.7/24', '2001:db8::7/64'], up: true },
        dummy0: { as: 'dummy0', addresses: [], up: false },
      },
    },
  },
  'net-devices-joined': {
    spec: linux({
      ...mapped('mount'),
      namespaces: [...(mapped('mount').namespaces ?? []), { type: 'network', path: '/run/n' }],
    }),
    options: { netDevices: { eth1: { as: 'eth0', addresses: [], up: true } } },
  },
  contributions: { spec: linux(namespaces('mount', 'network')), options: { contributions: CONTRIBUTED } },
  'contributions-mapped': {
    spec: linux(mapped('mount', 'network')),
    options: { contributions: CONTRIBUTED },
  },
  'contributions-joined-pid': {
    spec: linux({
      namespaces: [{ type: 'mount' }, { type: 'network' }, { type: 'pid', path: '/proc/7/ns/pid' }],
    }),
    options: { contributions: CONTRIBUTED },
  },
  'contributions-joined-net': {
    spec: linux({
      ...mapped('mount'),
      namespaces: [...(mapped('mount').namespaces ?? []), { type: 'network', path: '/run/n' }],
    }),
    options: { contributions: CONTRIBUTED },
  },
  rootless: {
    host: ROOTLESS,
    spec: linux({
      ...namespaces('user', 'mount', 'pid'),
      uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
    }),
  },
  'user-with-limits': {
    spec: process(
      { oomScoreAdj: -500, rlimits: [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 2 ** 64 }] },
      linux(mapped('mount', 'pid')),
    ),
  },
};

const MOUNT_CASES: Record<string, Case> = {
  'mount-filesystems': {
    spec: mounting(
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['ro', 'strictatime', 'mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['newinstance', 'gid=5'] },
      { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
      { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro', 'relatime'] },
      {
        destination: '/tmp',
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['size=1m', 'tmpcopyup', 'ro', 'sync'],
      },
      { destination: '/disk', type: 'ext4', source: '/dev/sdb1', options: ['ro', 'noatime', 'data=ordered'] },
    ),
  },
  'mount-binds': {
    spec: mounting(
      bind('/a', '/srv/a', 'rbind', 'ro', 'rprivate'),
      bind('/b', 'relative/b', 'bind', 'nosuid', 'nodev', 'noexec', 'nosymfollow'),
      bind('/c', '/srv/c', 'rbind', 'rro', 'rnosuid', 'rnoatime', 'rslave'),
      bind('/d', '/srv/d', 'bind', 'rw', 'suid', 'exec', 'relatime', 'nodiratime'),
      { destination: '/a', options: ['remount', 'rw'] },
      { destination: '/b', type: 'none', options: ['rshared'] },
    ),
  },
  'mount-dev-from-host': { spec: mounting(bind('/dev', '/dev', 'rbind')) },
  'mount-idmapped': {
    spec: mounting(
      { ...bind('/a', '/srv/a', 'bind', 'idmap'), uidMappings: MAPS, gidMappings: MAPS },
      { ...bind('/b', '/srv/b', 'rbind', 'ridmap'), uidMappings: MAPS, gidMappings: MAPS },
    ),
  },
  'mount-in-userns': {
    spec: {
      ...linux(mapped('mount')),
      mounts: [
        bind('/a', '/srv/a', 'rbind', 'ro'),
        { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'ro'] },
        { destination: '/proc', type: 'proc', source: 'proc' },
        { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['gid=70000', 'mode=0620'] },
        { destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] },
      ],
    },
  },
  'mount-cgroup-none-userns': {
    host: { ...ROOT, cgroup: NONE },
    spec: {
      ...linux(mapped('mount')),
      mounts: [{ destination: '/sys/fs/cgroup', type: 'cgroup', source: 'cgroup', options: ['ro'] }],
    },
  },
};

const ROOT_CASES: Record<string, Case> = {
  'root-readonly': { spec: { ...MINIMAL, root: { path: 'rootfs', readonly: true } } },
  'root-readonly-cwd': {
    spec: { ...MINIMAL, root: { path: 'rootfs', readonly: true }, process: { cwd: '/w', args: ['true'] } },
  },
  'root-overlay': {
    spec: MINIMAL,
    options: {
      rootfs: {
        kind: 'overlay',
        mountpoint: '/run/r',
        lowers: ['/l/2', '/l/1'],
        upper: '/c/upper',
        work: '/c/work',
        base: '/l',
        options: ['metacopy=off'],
      },
    },
  },
  'root-plain-paths': {
    spec: MINIMAL,
    options: {
      plain: {
        dirs: ['/dev'],
        files: ['/.dockerenv', '/etc/hosts'],
        links: { '/etc/mtab': '/proc/mounts' },
        mountpoints: ['/data'],
      },
    },
  },
  'root-overlay-readonly': {
    spec: MINIMAL,
    options: { rootfs: { kind: 'overlay', mountpoint: '/run/r', lowers: ['/l/1'] } },
  },
  'root-idmapped': {
    spec: linux(mapped('mount')),
    options: { rootfs: { kind: 'directory', path: '/r', idmap: { uidMappings: MAPS, gidMappings: MAPS } } },
  },
  'root-overlay-mapped': {
    spec: linux(mapped('mount', 'pid')),
    options: {
      rootfs: {
        kind: 'overlay',
        mountpoint: '/run/r',
        lowers: ['/l/1'],
        upper: '/c/upper',
        work: '/c/work',
        base: '/l',
        idmap: { uidMappings: MAPS, gidMappings: MAPS, trees: ['/l', '/c'] },
      },
    },
  },
  'mount-cgroup-of-the-host': {
    spec: mounting({
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['ro', 'nosuid'],
    }),
  },
  'root-no-pivot-shared': { spec: linux({ rootfsPropagation: 'rshared' }), options: { noPivot: true } },
};

const CGROUP_CASES: Record<string, Case> = {
  'cgroup-nested': {
    spec: linux({ cgroupsPath: '/pods/a', resources: { pids: { limit: 10 } } }),
    options: { nested: true },
  },
  'cgroup-v2-limits': {
    spec: linux({
      cgroupsPath: '/pods/a',
      resources: {
        devices: [
          { allow: false, access: 'rwm' },
          { allow: true, type: 'b', major: 8, access: 'r' },
        ],
        memory: { limit: 64 << 20, swap: 96 << 20, reservation: 32 << 20, swappiness: 0 },
        cpu: { shares: 1024, quota: 50000, period: 100000, burst: 1000, cpus: '0-1', mems: '0' },
        pids: { limit: 10 },
        blockIO: {
          weight: 500,
          weightDevice: [{ major: 8, minor: 0, weight: 100 }],
          throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }],
          throttleWriteIOPSDevice: [{ major: 8, minor: 0, rate: 0 }],
        },
        hugepageLimits: [{ pageSize: '2MB', limit: 4 << 20 }],
        rdma: { mlx5_1: { hcaHandles: 3, hcaObjects: 10000 } },
        unified: { 'memory.high': '1000000', 'cgroup.max.depth': '3' },
      },
    }),
  },
  'cgroup-hybrid-warns': {
    host: { ...ROOT, cgroup: HYBRID },
    options: { onMissingController: 'warn' },
    spec: linux({ resources: { memory: { limit: 1 << 20 }, blockIO: { weight: 100 }, pids: { limit: 5 } } }),
  },
  'cgroup-none': { host: { ...ROOT, cgroup: NONE }, spec: linux({ resources: {} }) },
  'cgroup-systemd': {
    spec: linux({ resources: { pids: { limit: 5 } } }),
    options: { cgroup: { path: '/system.slice/a.scope', manager: 'external' } },
  },
};

const PROCESS_CASES: Record<string, Case> = {
  terminal: {
    spec: process({ terminal: true, consoleSize: { height: 24, width: 80 }, user: { uid: 5, gid: 6 } }),
  },
  'process-everything': {
    host: { ...ROOT, apparmor: true },
    options: { preserveFds: 2, dieWithParent: true },
    spec: process(
      {
        user: { uid: 1000, gid: 1000, umask: 0o27, additionalGids: [10, 20] },
        capabilities: {
          bounding: ['CAP_KILL'],
          permitted: ['CAP_KILL'],
          effective: ['CAP_KILL'],
          ambient: ['CAP_KILL'],
        },
        rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 2 ** 64 }],
        noNewPrivileges: true,
        oomScoreAdj: 100,
        scheduler: { policy: 'SCHED_BATCH', nice: 5, flags: ['SCHED_FLAG_RESET_ON_FORK'] },
        ioPriority: { class: 'IOPRIO_CLASS_IDLE', priority: 7 },
        apparmorProfile: 'tinyrun-default',
        cwd: '/work',
      },
      linux({ personality: { domain: 'LINUX32' } }),
    ),
  },
  'masked-and-readonly': {
    spec: linux({
      maskedPaths: ['/proc/kcore', '/sys/firmware'],
      readonlyPaths: ['/proc/sys'],
      sysctl: { 'net.ipv4.ip_forward': '1', 'net/ipv4/conf/eth0.1/forwarding': '1' },
    }),
  },
  devices: {
    spec: linux({
      devices: [
        { path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 1, gid: 2 },
        { path: '/dev/null', type: 'c', major: 1, minor: 3, fileMode: 0o600 },
        { path: '/dev/pipe', type: 'p' },
        { path: '/dev/ptmx', type: 'c', major: 5, minor: 2 },
      ],
    }),
  },
  'seccomp-no-new-privs': {
    spec: process({ noNewPrivileges: true }, linux({ seccomp: ERRNO })),
    options: { seccomp: SECCOMP },
  },
  'seccomp-privs': { spec: linux({ seccomp: ERRNO }), options: { seccomp: SECCOMP } },
  'seccomp-listener': {
    spec: linux({ seccomp: { ...ERRNO, listenerPath: '/run/s' } }),
    options: { seccomp: SECCOMP, wait: { kind: 'fifo', path: '/run/c/fifo' } },
  },
  hooks: {
    spec: {
      ...MINIMAL,
      annotations: { a: 'b' },
      hooks: {
        createRuntime: [{ path: '/h/runtime' }],
        createContainer: [{ path: '/h/container', args: ['c', 'x'], env: ['A=1'], timeout: 2 }],
        startContainer: [{ path: '/h/start' }],
      },
    },
  },
  'created-waiting': { spec: MINIMAL, options: { wait: { kind: 'fifo', path: '/run/c/fifo' } } },
  init: { spec: MINIMAL, options: { init: true } },
  'default-run': {
    spec: defaultSpec(),
    options: {
      rootfs: {
        kind: 'overlay',
        mountpoint: '/run/r',
        lowers: ['/l/1'],
        upper: '/c/u',
        work: '/c/w',
        base: '/l',
      },
      dieWithParent: true,
      noNewKeyring: false,
    },
  },
};

const DEFAULT = defaultSpec();

/** As the engine has it on a hybrid host: docs/how-run-works.md takes its numbers from here. */
const ENGINE_CASES: Record<string, Case> = {
  'tinyrun-run': {
    spec: {
      ...DEFAULT,
      hostname: 'c1',
      process: {
        ...DEFAULT.process,
        cwd: '/',
        user: { uid: 0, gid: 0, umask: 0o22, additionalGids: [0, 10] },
        args: ['echo', 'hello'],
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 524288 }],
      },
      linux: { ...DEFAULT.linux, seccomp: ERRNO },
      mounts: [...(DEFAULT.mounts ?? []), ...hostFileMounts(hostFiles({ image: 'busybox' }, 'c1'), '/c', [])],
    },
    host: { ...ROOT, cgroup: HYBRID },
    options: {
      rootfs: {
        kind: 'overlay',
        mountpoint: '/run/r',
        lowers: ['/l/1'],
        upper: '/c/u',
        work: '/c/w',
        base: '/l',
        options: ['volatile'],
      },
      plain: plainPaths({}),
      dieWithParent: true,
      noNewKeyring: false,
      publish: (cgroup) => publishedState('/run/c', { ...STATE, ...(cgroup && { cgroup }) }),
      nullInput: true,
      seccomp: SECCOMP,
      onMissingController: 'warn',
    },
  },
};

export const CASES: Readonly<Record<string, Case>> = {
  ...NAMESPACE_CASES,
  ...MOUNT_CASES,
  ...ROOT_CASES,
  ...CGROUP_CASES,
  ...PROCESS_CASES,
  ...ENGINE_CASES,
};
