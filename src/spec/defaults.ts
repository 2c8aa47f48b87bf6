// What a container gets when nobody says else: Docker's defaults, with the masks of the newest Docker, a private
// cgroup namespace and a pids limit. Data only; `defaultSpec` puts it together for the engine.

import type {
  LinuxDevice,
  LinuxDeviceCgroup,
  LinuxNamespace,
  LinuxResources,
  Mount,
  POSIXRlimit,
  Spec,
} from './types.ts';
import { OCI_VERSION } from './version.ts';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Docker's 14: bounding, effective and permitted; inheritable and ambient stay empty (CVE-2022-29162). */
export const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
] as const;

/** Hidden: they tell of the host or reach its hardware (interrupts and powercap leak timing of other tenants). */
export const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
] as const;

export const READONLY_PATHS = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
] as const;

export const DEFAULT_NAMESPACES: readonly LinuxNamespace[] = [
  { type: 'pid' },
  { type: 'network' },
  { type: 'ipc' },
  { type: 'uts' },
  { type: 'mount' },
  { type: 'cgroup' },
];

/** Of the network namespace: unprivileged programs may bind low ports and ping without CAP_NET_RAW. */
export const DEFAULT_SYSCTLS: Readonly<Record<string, string>> = {
  'net.ipv4.ip_unprivileged_port_start': '0',
  'net.ipv4.ping_group_range': '0 2147483647',
};

export const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;
/** A fork bomb ends here; Podman's number. Applies where a pids controller can be reached. */
export const DEFAULT_PIDS_LIMIT = 2048;
/** systemd's numbers; to be capped by the hard limit of whoever lacks CAP_SYS_RESOURCE. */
export const DEFAULT_NOFILE: POSIXRlimit = { type: 'RLIMIT_NOFILE', soft: 1024, hard: 524288 };
/** Seconds between the stop signal and SIGKILL. */
export const DEFAULT_STOP_TIMEOUT = 10;

const NO_EXEC = ['nosuid', 'noexec', 'nodev'] as const;

/** The mounts of every container, in order; `shmSize` in bytes. */
export function defaultMounts(shmSize: number = DEFAULT_SHM_SIZE): Mount[] {
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: NO_EXEC },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: [...NO_EXEC, 'mode=1777', `size=${shmSize}`],
    },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: NO_EXEC },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...NO_EXEC, 'ro'] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [...NO_EXEC, 'relatime', 'ro'],
    },
  ];
}

const node = (path: string, major: number, minor: number): LinuxDevice => ({
  path,
  type: 'c',
  major,
  minor,
  fileMode: 0o666,
  uid: 0,
  gid: 0,
});

/** What a runtime must supply in /dev whatever the spec says: config-linux.md, "Default Devices". */
export const DEFAULT_DEVICES: readonly LinuxDevice[] = [
  node('/dev/null', 1, 3),
  node('/dev/zero', 1, 5),
  node('/dev/full', 1, 7),
  node('/dev/random', 1, 8),
  node('/dev/urandom', 1, 9),
  node('/dev/tty', 5, 0),
];

/** Symbolic links of /dev: config-linux.md, "Dev symbolic links", and ptmx of the container's own devpts. */
export const DEV_SYMLINKS: readonly (readonly [path: string, target: string])[] = [
  ['/dev/fd', '/proc/self/fd'],
  ['/dev/stdin', '/proc/self/fd/0'],
  ['/dev/stdout', '/proc/self/fd/1'],
  ['/dev/stderr', '/proc/self/fd/2'],
  ['/dev/ptmx', 'pts/ptmx'],
];

const char = (major: number, minor?: number): LinuxDeviceCgroup =>
  minor === undefined
    ? { allow: true, type: 'c', major, access: 'rwm' }
    : { allow: true, type: 'c', major, minor, access: 'rwm' };

/** What a container may open beyond DEVICE_DENY_ALL: any node may be made, these may be used. */
export const DEVICE_ALLOWLIST: readonly LinuxDeviceCgroup[] = [
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  char(1, 3),
  char(1, 5),
  char(1, 7),
  char(1, 8),
  char(1, 9),
  char(5, 0),
  char(5, 1),
  char(5, 2),
  char(136),
];
export const DEVICE_DENY_ALL: LinuxDeviceCgroup = { allow: false, access: 'rwm' };
export const DEVICE_ALLOW_ALL: LinuxDeviceCgroup = { allow: true, access: 'rwm' };

export function defaultResources(): LinuxResources {
  return { devices: [DEVICE_DENY_ALL, ...DEVICE_ALLOWLIST], pids: { limit: DEFAULT_PIDS_LIMIT } };
}

/**
 * The hardened spec that the engine starts from; args is a shell, root is `rootfs` in the bundle. Seccomp is
 * missing since it follows from the final capabilities: add `defaultSeccomp(bounding, arch)`.
 * @example
 * const spec = defaultSpec();
 * console.log(spec.process?.args, spec.process?.noNewPrivileges); // [ 'sh' ] false
 */
export function defaultSpec(): Spec {
  const caps = [...DEFAULT_CAPABILITIES];
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: false,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: [`PATH=${DEFAULT_PATH}`],
      cwd: '/',
      capabilities: { bounding: caps, effective: caps, permitted: caps, inheritable: [], ambient: [] },
      rlimits: [DEFAULT_NOFILE],
      noNewPrivileges: false,
    },
    root: { path: 'rootfs', readonly: false },
    mounts: defaultMounts(),
    linux: {
      sysctl: { ...DEFAULT_SYSCTLS },
      resources: defaultResources(),
      namespaces: [...DEFAULT_NAMESPACES],
      maskedPaths: [...MASKED_PATHS],
      readonlyPaths: [...READONLY_PATHS],
    },
  };
}
