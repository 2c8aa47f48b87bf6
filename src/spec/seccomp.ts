// The default seccomp profile, as data: what may be called, what needs a capability, and what is allowed for some
// arguments only. All else fails with EPERM, so io_uring, keyctl, add_key, userfaultfd, kexec_load, swapon, nfsservctl,
// vm86 and whatever a future kernel adds are refused. It follows Docker's profile in meaning.
//
// Names are kept in one string per subject: that loads as a constant and costs one split when a filter is made.
// libseccomp ignores the names that an architecture does not have (arm64 has no open(2)).

import type { LinuxSeccomp, LinuxSyscall } from './types.ts';

const ALWAYS = [
  // files by path and by descriptor
  'access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2',
  'fadvise64 fadvise64_64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64',
  'fdatasync flock fstat fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents',
  'getdents64 ioctl lchown lchown32 link linkat _llseek lseek lstat lstat64 mkdir mkdirat mknod mknodat',
  'name_to_handle_at newfstatat open openat openat2 readahead readlink readlinkat rename renameat renameat2 rmdir',
  'stat stat64 statfs statfs64 statx symlink symlinkat sync sync_file_range syncfs truncate truncate64 umask unlink',
  'unlinkat utime utimensat utimensat_time64 utimes listmount statmount cachestat',
  // what may be read of a file handle beyond its bytes
  'fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr',
  'lremovexattr lsetxattr removexattr removexattrat setxattr setxattrat',
  // reading, writing, pipes, events
  'epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd',
  'eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy',
  'io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit _newselect pipe pipe2 poll ppoll ppoll_time64',
  'pread64 preadv preadv2 pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read readv select sendfile sendfile64',
  'signalfd signalfd4 splice tee vmsplice write writev',
  // sockets; socket(2) itself has its own rules
  'accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64',
  'recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketpair',
  // memory
  'brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2',
  'mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect',
  'process_mrelease remap_file_pages',
  // processes and threads
  'execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake',
  'get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getrusage getsid gettid kill pause',
  'pidfd_open pidfd_send_signal prctl process_vm_readv process_vm_writev ptrace restart_syscall rseq',
  'set_robust_list set_thread_area set_tid_address setpgid setsid tgkill times tkill uname uretprobe vfork wait4',
  'waitid waitpid sysinfo',
  // signals
  'rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait',
  'rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn',
  // identities and their confinement
  'capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32',
  'getresuid getresuid32 getuid getuid32 landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp',
  'setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid',
  'setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32',
  // scheduling and limits
  'getpriority getrlimit ioprio_get ioprio_set prlimit64 sched_get_priority_max sched_get_priority_min',
  'sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval',
  'sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield',
  'setpriority setrlimit ugetrlimit',
  // time; the adjtime calls check CAP_SYS_TIME themselves and are read by chrony and systemd without it
  'adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64',
  'clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create timer_delete',
  'timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime',
  'timerfd_gettime64 timerfd_settime timerfd_settime64',
  // System V and POSIX messages, semaphores, shared memory
  'ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64',
  'mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget',
  // randomness
  'getrandom',
].join(' ');

/** Only with the capability in the bounding set. */
const BY_CAPABILITY: Readonly<Record<string, string>> = {
  CAP_SYS_ADMIN:
    'bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules ' +
    'lsm_set_self_attr mount mount_setattr move_mount open_tree open_tree_attr perf_event_open quotactl quotactl_fd ' +
    'setdomainname sethostname setns syslog umount umount2 unshare',
  CAP_BPF: 'bpf',
  CAP_DAC_READ_SEARCH: 'open_by_handle_at',
  CAP_PERFMON: 'perf_event_open',
  CAP_SYS_BOOT: 'reboot',
  CAP_SYS_CHROOT: 'chroot',
  CAP_SYS_MODULE: 'delete_module finit_module init_module',
  CAP_SYS_NICE: 'get_mempolicy mbind set_mempolicy set_mempolicy_home_node',
  CAP_SYS_PACCT: 'acct',
  CAP_SYS_PTRACE: 'kcmp pidfd_getfd process_madvise',
  CAP_SYS_RAWIO: 'ioperm iopl',
  CAP_SYS_TIME: 'clock_settime clock_settime64 settimeofday stime',
  CAP_SYS_TTY_CONFIG: 'vhangup',
  CAP_SYSLOG: 'syslog',
};

interface Architecture {
  /** The kernel's own first, then what it runs beside it. */
  readonly names: readonly string[];
  readonly calls: string;
}

/** By process.arch. */
const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: {
    names: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
    calls: 'arch_prctl modify_ldt',
  },
  arm64: {
    names: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
    calls: 'arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2',
  },
};

const ALLOW = 'SCMP_ACT_ALLOW' as const;
const ERRNO = 'SCMP_ACT_ERRNO' as const;
const EPERM = 1;
const ENOSYS = 38;

/** CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET}; NEWTIME lies in the bits of the exit signal and clone(2) cannot pass it. */
const CLONE_NEW_ANY = 0x7e020000;
/** AF_ALG is 38, the first family that is refused. */
const BELOW_AF_ALG = 38;
/** NFC, KCM, QIPCRTR, SMC, XDP, MCTP: all above it but AF_VSOCK, 40. */
const ABOVE_AF_ALG = [39, 41, 42, 43, 44, 45];

/** Linux, 32 bit Linux, each with UNAME26, and 0xffffffff that only asks. */
const PERSONAS = [0x0, 0x8, 0x20000, 0x20008, 0xffffffff];

/**
 * socket(2) but for AF_ALG, whose attack surface no container needs (CVE-2026-31431), and AF_VSOCK, which reaches
 * virtual machines across network namespaces. One family a rule: a comparison is of 64 bits, the kernel takes the lower
 * 32, so that "greater than 40" would let 2^32 + 38 through, which is AF_ALG.
 */
const SOCKET: readonly LinuxSyscall[] = [
  { names: ['socket'], action: ALLOW, args: [{ index: 0, value: BELOW_AF_ALG, op: 'SCMP_CMP_LT' }] },
  ...ABOVE_AF_ALG.map((value) => ({
    names: ['socket'],
    action: ALLOW,
    args: [{ index: 0, value, op: 'SCMP_CMP_EQ' as const }],
  })),
];

/**
 * The i386 multiplexer hides the address family behind a pointer that BPF cannot follow, so that AF_ALG would be one
 * `int 0x80` away. ENOSYS, not the default EPERM: libseccomp drops rules that equal the default and would then make
 * its own rule that lets socketcall(SYS_SOCKET) through. It must come before the rules for socket.
 */
const NO_SOCKETCALL: LinuxSyscall = { names: ['socketcall'], action: ERRNO, errnoRet: ENOSYS };
const SOCKETCALL: LinuxSyscall = { names: ['socketcall'], action: ALLOW };

const PERSONALITY: readonly LinuxSyscall[] = PERSONAS.map((value) => ({
  names: ['personality'],
  action: ALLOW,
  args: [{ index: 0, value, op: 'SCMP_CMP_EQ' as const }],
}));

/** Threads and forks without new namespaces. clone3's flags are behind a pointer: ENOSYS makes libc fall back to clone. */
const CLONE: readonly LinuxSyscall[] = [
  {
    names: ['clone'],
    action: ALLOW,
    args: [{ index: 0, value: CLONE_NEW_ANY, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  },
  { names: ['clone3'], action: ERRNO, errnoRet: ENOSYS },
];

export interface SeccompOptions {
  /**
   * Let i386 programs use socketcall(2), and with it every address family: for images built for 386, whose libc
   * knows no other way to a socket.
   */
  readonly socketcall?: boolean;
}

/**
 * The default profile for a bounding set (`CAP_…` names) on `arch` (process.arch: x64, arm64; others get their
 * native calls only). Meant for linux.seccomp as it is.
 * @example
 * const spec = defaultSpec();
 * const seccomp = defaultSeccomp(spec.process?.capabilities?.bounding ?? [], 'x64');
 * console.log(seccomp.defaultAction); // SCMP_ACT_ERRNO
 */
export function defaultSeccomp(
  capabilities: readonly string[],
  arch: string,
  options: SeccompOptions = {},
): LinuxSeccomp {
  const held = new Set(capabilities);
  const architecture = ARCHITECTURES[arch];
  const names = new Set(ALWAYS.split(' '));
  const add = (calls: string) => {
    for (const name of calls.split(' ')) names.add(name);
  };
  if (architecture) add(architecture.calls);
  for (const [capability, calls] of Object.entries(BY_CAPABILITY)) if (held.has(capability)) add(calls);
  return {
    defaultAction: ERRNO,
    defaultErrnoRet: EPERM,
    ...(architecture && { architectures: architecture.names }),
    syscalls: [
      options.socketcall ? SOCKETCALL : NO_SOCKETCALL,
      ...SOCKET,
      { names: [...names], action: ALLOW },
      ...PERSONALITY,
      ...(held.has('CAP_SYS_ADMIN') ? [] : CLONE),
    ],
  };
}
