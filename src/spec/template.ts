// The config.json that `tinyrunc spec` writes: runc's, key by key and in its order, so that scripts which edit
// runc's template with jq or sed find what they expect.

import { DEFAULT_PATH } from './defaults.ts';
import type { Linux, Mount, Spec } from './types.ts';
import { OCI_VERSION } from './version.ts';

const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

const MOUNTS: readonly Mount[] = [
  { destination: '/proc', type: 'proc', source: 'proc' },
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
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
  },
];

const LINUX: Linux = {
  resources: { devices: [{ allow: false, access: 'rwm' }] },
  namespaces: [{ type: 'pid' }, { type: 'network' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }],
  maskedPaths: [
    '/proc/acpi',
    '/proc/asound',
    '/proc/kcore',
    '/proc/keys',
    '/proc/latency_stats',
    '/proc/timer_list',
    '/proc/timer_stats',
    '/proc/sched_debug',
    '/sys/firmware',
    '/proc/scsi',
  ],
  readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
};

/** What `spec --rootless` needs to know: the caller's ids, which become root in the container. */
export interface Caller {
  readonly uid: number;
  readonly gid: number;
  /** The host has a unified cgroup hierarchy, so that a cgroup namespace is asked for. */
  readonly cgroup2: boolean;
}

/** runc's template; `cgroup2` adds the cgroup namespace as runc does on a host with cgroup v2. */
export function specTemplate(cgroup2: boolean): Spec {
  const namespaces = [...(LINUX.namespaces ?? []), ...(cgroup2 ? [{ type: 'cgroup' as const }] : [])];
  return {
    ociVersion: OCI_VERSION,
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ['sh'],
      env: [`PATH=${DEFAULT_PATH}`, 'TERM=xterm'],
      cwd: '/',
      capabilities: {
        bounding: CAPABILITIES,
        effective: CAPABILITIES,
        permitted: CAPABILITIES,
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: true },
    hostname: 'tinyrunc',
    mounts: MOUNTS,
    linux: { ...LINUX, namespaces },
  };
}

/** The template for a user without root: a user namespace, /sys by bind, nothing that needs privileges outside. */
export function rootlessTemplate(caller: Caller): Spec {
  const spec = specTemplate(caller.cgroup2);
  const namespaces = (spec.linux?.namespaces ?? []).filter((ns) => ns.type !== 'network');
  return {
    ...spec,
    mounts: MOUNTS.map(rootlessMount),
    linux: {
      uidMappings: [{ containerID: 0, hostID: caller.uid, size: 1 }],
      gidMappings: [{ containerID: 0, hostID: caller.gid, size: 1 }],
      namespaces: [...namespaces, { type: 'user' }],
      maskedPaths: LINUX.maskedPaths ?? [],
      readonlyPaths: LINUX.readonlyPaths ?? [],
    },
  };
}

function rootlessMount(mount: Mount): Mount {
  // sysfs can only be mounted by who owns the network namespace, and the host's network is kept
  if (mount.destination === '/sys')
    return {
      destination: '/sys',
      type: 'none',
      source: '/sys',
      options: ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'],
    };
  // group 5 is not mapped: mounting devpts with it would be EINVAL
  return { ...mount, ...(mount.options && { options: mount.options.filter((o) => !/^[ug]id=/.test(o)) }) };
}
