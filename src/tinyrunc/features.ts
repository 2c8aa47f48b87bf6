import {
  CAPABILITIES,
  MEMORY_POLICIES,
  MEMORY_POLICY_FLAGS,
  NAMESPACES,
  SECCOMP_FILTER_FLAGS,
} from '../spec/linux.ts';

// The features document of the runtime specification (features.md, features-linux.md): what this runtime can do
// if the host can.

const HOOKS = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];

/** Each with its negation where it has one; config.md, "Linux mount options". */
const MOUNT_OPTIONS = [
  'async atime bind defaults dev diratime dirsync exec iversion lazytime loud mand noatime nodev nodiratime noexec',
  'noiversion nolazytime nomand norelatime nostrictatime nosuid nosymfollow private ratime rbind rdev rdiratime',
  'relatime remount rexec rnoatime rnodev rnodiratime rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro',
  'rprivate rrelatime rro rrw rshared rslave rstrictatime rsuid rsymfollow runbindable rw shared silent slave',
  'strictatime suid symfollow sync tmpcopyup unbindable idmap ridmap',
]
  .join(' ')
  .split(' ');

const ACTIONS = ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'KILL_THREAD', 'LOG', 'NOTIFY', 'TRACE', 'TRAP'];
const OPERATORS = ['EQ', 'GE', 'GT', 'LE', 'LT', 'MASKED_EQ', 'NE'];
const ARCHS = [
  'AARCH64 ARM MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PARISC PARISC64 PPC PPC64 PPC64LE RISCV64 S390',
  'S390X X32 X86 X86_64',
]
  .join(' ')
  .split(' ');

/** Flags that need nobody at the other end of a socket. */
const SECCOMP_FLAGS = Object.keys(SECCOMP_FILTER_FLAGS).sort();

function linuxFeatures(): object {
  return {
    namespaces: Object.keys(NAMESPACES).sort(),
    capabilities: CAPABILITIES,
    // v1 controllers are not driven: on a hybrid host what only they could do is warned about.
    cgroup: { v1: false, v2: true, systemd: true, systemdUser: true, rdma: true },
    seccomp: {
      enabled: true,
      actions: ACTIONS.map((name) => `SCMP_ACT_${name}`),
      operators: OPERATORS.map((name) => `SCMP_CMP_${name}`),
      archs: ARCHS.map((name) => `SCMP_ARCH_${name}`),
      knownFlags: SECCOMP_FLAGS,
      supportedFlags: SECCOMP_FLAGS,
    },
    apparmor: { enabled: true },
    selinux: { enabled: true },
    memoryPolicy: {
      modes: Object.keys(MEMORY_POLICIES).sort(),
      flags: Object.keys(MEMORY_POLICY_FLAGS).sort(),
    },
    intelRdt: { enabled: false, schemata: false, monitoring: false },
    mountExtensions: { idmap: { enabled: true } },
    netDevices: { enabled: true },
  };
}

/** What `features` prints. */
export function featuresDocument(version: string, specVersion: string): object {
  return {
    ociVersionMin: '1.0.0',
    ociVersionMax: specVersion,
    hooks: HOOKS,
    mountOptions: [...MOUNT_OPTIONS].sort(),
    linux: linuxFeatures(),
    annotations: { 'org.tinyrun.version': version },
    potentiallyUnsafeConfigAnnotations: [],
  };
}
