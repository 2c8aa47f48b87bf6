// What strace(1) saw, as changes of the system: who made each, by which call, and the words by which a plan must name it.
import { posix } from 'node:path';

/** command: tinyrun's own process, also a monitor. born: between clone3 and tinyrun-init. Then the container's lane. */
type Role = 'command' | 'born' | 'container' | 'program';

export interface Change {
  readonly role: Exclude<Role, 'program'>;
  /** mkdirat is mkdir, prlimit64 setrlimit … */
  readonly call: string;
  /** Absolute, as the host sees it. */
  readonly paths: readonly string[];
  /** Further words that whoever names the change must say: flags, names, values. */
  readonly words: readonly string[];
  readonly line: string;
}

/** What strace is asked not to tell: calls that change nothing, or only the memory and files of who makes them. */
const HARMLESS = `close read pread64 readv lseek mmap munmap mprotect mremap madvise brk futex rseq set_robust_list set_tid_address
  arch_prctl rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait sigaltstack getpid getppid gettid getuid geteuid getgid getegid
  getresuid getresgid getgroups getcwd getrandom getrlimit getrusage getpriority getsid getpgrp getpgid getxattr lgetxattr fgetxattr
  listxattr capget clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday times stat lstat fstat newfstatat statx statfs
  fstatfs access faccessat faccessat2 readlink readlinkat getdents64 poll ppoll select pselect6 epoll_create1 epoll_ctl epoll_wait
  epoll_pwait eventfd2 timerfd_create timerfd_settime inotify_init1 pipe2 socketpair socket uname sysinfo sched_getaffinity
  sched_yield exit exit_group wait4 waitid pidfd_open pidfd_getfd memfd_create pkey_alloc fadvise64 fsync fdatasync flock fcntl restart_syscall
  membarrier signalfd4 userfaultfd io_uring_setup get_mempolicy sched_getparam sched_getscheduler recvmsg recvfrom connect getsockopt setsockopt
  getsockname getpeername bind listen shutdown alarm setitimer pause kcmp process_madvise mincore open_by_handle_at name_to_handle_at`;

/** strace, to write what `changesOf` reads; an absolute program behind it. */
export const strace = (file: string): string[] => [
  ...['strace', '-f', '-qq', '-y', '-s', '300', '--pidns-translation', '-o', file],
  ...['-e', `trace=!${HARMLESS.split(/\s+/).map((name) => `?${name}`)}`],
  ...['-e', 'signal=none'],
];

interface Call {
  readonly pid: number;
  readonly name: string;
  readonly args: string;
  readonly result: string;
}

/** Whole calls, each where it began. */
function callsOf(text: string): Call[] {
  const calls: (Call & { args: string; result: string })[] = [];
  const unfinished = new Map<number, (typeof calls)[number]>();
  for (const line of text.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest)?.[1];
    const begun = resumed === undefined ? undefined : unfinished.get(Number(pid));
    const whole = begun ? `${begun.name}(${begun.args}${resumed}` : rest;
    const [, name = '', args = '', result] =
      /^(\w+)\((.*?)(?: <unfinished \.\.\.>|\) += (.*))$/.exec(whole) ?? [];
    if (name === '') continue;
    if (begun) Object.assign(begun, { args, result: result ?? '' });
    else calls.push({ pid: Number(pid), name, args, result: result ?? '' });
    const last = begun ?? calls.at(-1);
    if (result === undefined && last) unfinished.set(Number(pid), last);
    else unfinished.delete(Number(pid));
  }
  return calls;
}

const SAME: Readonly<Record<string, string>> = {
  ...{ mkdirat: 'mkdir', mknodat: 'mknod', symlinkat: 'symlink', linkat: 'link', prlimit64: 'setrlimit' },
  ...{
    unlinkat: 'unlink',
    renameat: 'rename',
    renameat2: 'rename',
    openat: 'open',
    openat2: 'open',
    creat: 'open',
  },
  ...{ pwrite64: 'write', writev: 'write', pwritev: 'write', pwritev2: 'write', dup2: 'dup', dup3: 'dup' },
  ...{ clone: 'clone3', fork: 'clone3', vfork: 'clone3', fchmodat: 'chmod', fchmod: 'chmod' },
  ...{ chown: 'fchown', lchown: 'fchown', fchownat: 'fchown', execveat: 'execve', splice: 'write' },
};

/** Calls of one name that strace, man pages and plans spell differently. */
export const canonical = (name: string): string => SAME[name] ?? name;

/** Of the process that makes them alone: they matter where a program inherits them. */
const OF_A_PROCESS = new Set(
  `setsid setpgid umask prctl dup close_range setrlimit chdir fchdir chroot setgroups setresuid setresgid setuid setgid capset personality
  sched_setattr sched_setaffinity sched_setscheduler ioprio_set set_mempolicy seccomp execve`.split(/\s+/),
);

/** Flags that make a change another one. */
const FLAGS =
  /\b(?:MS|CLONE_NEW|CLONE_INTO|MOUNT_ATTR|AT_RECURSIVE|MNT|PR|RLIMIT|SIG|SIOCS|TIOC|TCS|BPF_PROG|KEYCTL|RTM|MS_MOVE)[A-Z_0-9]*\b(?!\?)/g;
/** Said by every such call, or about its fds. */
const PLAIN = /^(?:MS_\?*|SIGCHLD|MOUNT_ATTR_?|BPF_PROG_TYPE_CGROUP_DEVICE)$/;

const unquote = (text: string): string => text.replaceAll(/\\(.)/g, '$1');
const strings = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, s = '']) => unquote(s));

/** `8</dir>, "name"` and `"path"`: what the call is done to. */
function pathsOf(args: string): string[] {
  const found = [
    ...args.matchAll(/(?:\d+|AT_FDCWD)<([^>]*)>(?:\(deleted\))?(?:, "((?:[^"\\]|\\.)*)")?/g),
  ].map(([, dir = '', name = '']) => (name.startsWith('/') ? unquote(name) : posix.join(dir, unquote(name))));
  return args.startsWith('"') ? strings(args) : found;
}

/** Files that have no place in the system: only who holds them sees them. */
const isNowhere = (path: string) =>
  /^(?:pipe|socket|anon_inode):|^\/memfd:|^\/dev\/(?:null|ptmx|pts\/)/.test(path);

type Rule = (call: Call) => { paths?: readonly string[]; words?: readonly string[] } | undefined;

const at: Rule = ({ args }) => ({ paths: pathsOf(args) });
const flags = (text: string): string[] => (text.match(FLAGS) ?? []).filter((flag) => !PLAIN.test(flag));
const opened = (args: string): string[] =>
  args.includes('AT_EMPTY_PATH')
    ? pathsOf(args).filter((path) => path === '/dev/null' || !isNowhere(path))
    : strings(args);
const flagged: Rule = ({ args }) => ({ words: flags(args) });

/** Written to a place of the system; what the kernel takes as a command is looked at, too. */
const written: Rule = ({ args }) => {
  const path = /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
  if (isNowhere(path)) return undefined;
  return { paths: [path], words: /^\/(?:proc|sys)\//.test(path) ? strings(args).slice(0, 1) : [] };
};

const created: Rule = ({ args }) => {
  if (!/O_CREAT|O_TRUNC/.test(args)) return undefined;
  return { paths: pathsOf(args).slice(0, 1) };
};

const RULES: Readonly<Record<string, Rule>> = {
  open: created,
  write: written,
  splice: () => undefined,
  sendfile: written,
  copy_file_range: written,
  ftruncate: written,
  rename: at,
  unlink: at,
  unlinkat: at,
  rmdir: at,
  mkdir: at,
  chmod: at,
  fchown: ({ args }) =>
    isNowhere(pathsOf(args)[0] ?? '') ? { words: flags(args) } : { paths: pathsOf(args) },
  utimensat: at,
  setxattr: at,
  fsetxattr: at,
  symlink: ({ name, args }) => {
    const [target = ''] = strings(args);
    const paths =
      name === 'symlink' ? strings(args).slice(1) : pathsOf(args.slice(args.indexOf('",') + 2).trim());
    return { paths, words: [target] };
  },
  mknod: ({ args }) => {
    const device = /makedev\((\w+), (\w+)\)/.exec(args);
    const type = /S_IF\w+\|\d+/.exec(args)?.[0] ?? '';
    return {
      paths: pathsOf(args),
      words: [type, ...(device ? [`makedev(${Number(device[1])}, ${Number(device[2])})`] : [])],
    };
  },
  mount: ({ args }) => ({ paths: strings(args).slice(-1), words: flags(args) }),
  umount2: ({ args }) => ({ words: [...strings(args), ...flags(args)] }),
  pivot_root: () => ({}),
  fsopen: ({ args }) => ({ words: strings(args) }),
  fsconfig: ({ args }) => ({ words: args.includes('_SET_') ? [strings(args).join('=')] : [] }),
  fsmount: flagged,
  open_tree: ({ args }) =>
    args.includes('OPEN_TREE_CLONE') ? { paths: opened(args), words: flags(args) } : undefined,
  move_mount: ({ args }) => ({ paths: pathsOf(args).slice(1) }),
  mount_setattr: ({ args }) => ({ words: flags(args) }),
  unshare: flagged,
  setns: flagged,
  clone3: ({ args }) => (args.includes('CLONE_THREAD') ? undefined : { words: flags(args) }),
  execve: ({ args }) => {
    const [path = '', ...argv] = strings(args);
    return { words: path === '' ? argv.slice(0, 1) : [posix.basename(path)] };
  },
  keyctl: ({ args }) => ({ words: [...strings(args), ...flags(args)] }),
  sethostname: ({ args }) => ({ words: strings(args) }),
  setdomainname: ({ args }) => ({ words: strings(args) }),
  ioctl: ({ args }) => {
    const request = /\b(SIOCS\w+|TIOC\w+|TCSETS\w*)/.exec(args)?.[1];
    return request === undefined || /^TIOCG(?!PTPEER)/.test(request) ? undefined : { words: [request] };
  },
  bpf: ({ args }) => ({ words: flags(args) }),
  seccomp: ({ args }) => ({ words: [/len=\d+/.exec(args)?.[0] ?? 'len='] }),
  setrlimit: ({ args }) => (/^\d+, \w+, NULL,/.test(args) ? undefined : { words: flags(args) }),
  prctl: ({ args }) =>
    /^PR_(?:GET|CAPBSET_READ)/.test(args) ? undefined : { words: flags(args).slice(0, 1) },
  pidfd_send_signal: ({ args }) => (/, 0, NULL/.test(args) ? undefined : { words: flags(args) }),
  sendto: ({ args }) => (args.includes('nlmsg') ? { words: flags(args) } : undefined),
  sendmsg: ({ args }) => (args.includes('nlmsg') ? { words: flags(args) } : undefined),
};

const any: Rule = () => ({});

function ruled(call: Call): Omit<Change, 'role'> | undefined {
  const name =
    call.name === 'unlinkat' ? (/AT_REMOVEDIR/.test(call.args) ? 'rmdir' : 'unlink') : canonical(call.name);
  const found = (RULES[name] ?? any)(call);
  if (found === undefined) return undefined;
  const { paths = [], words = [] } = found;
  return { call: name, paths, words, line: `${call.name}(${call.args}) = ${call.result}` };
}

const pidIn = (result: string): number =>
  Number(/\/\* (\d+) in strace's PID NS \*\//.exec(result)?.[1] ?? /^(?:=> .*)?(\d+)/.exec(result)?.[1] ?? 0);

interface Parent {
  readonly pid: number;
  readonly thread: boolean;
}

function parentsOf(calls: readonly Call[]): Map<number, Parent> {
  return new Map(
    calls
      .filter(({ name, result }) => canonical(name) === 'clone3' && !result.startsWith('-1'))
      .map(({ pid, args, result }) => [pidIn(result), { pid, thread: args.includes('CLONE_THREAD') }]),
  );
}

function roleAfter(role: Role, { name, args }: Call): Role {
  if (canonical(name) !== 'execve') return role;
  if (args.includes('"tinyrun-init", "monitor"')) return 'command';
  if (args.includes('"tinyrun-init", "plan"')) return 'container';
  return role === 'container' ? 'program' : role;
}

/** Changes of the system, and of what a container's program inherits, in the order in which they were asked for. */
export function changesOf(text: string): Change[] {
  const calls = callsOf(text);
  const parents = parentsOf(calls);
  const roles = new Map<number, Role>();
  const roleOf = (pid: number): Role => {
    const known = roles.get(pid);
    if (known !== undefined) return known;
    const parent = parents.get(pid);
    if (parent === undefined) return 'command';
    const above = roleOf(parent.pid);
    const role = parent.thread || above === 'container' ? above : 'born';
    roles.set(pid, role);
    return role;
  };
  return calls.flatMap((call): Change[] => {
    const role = roleOf(call.pid);
    // what failed has changed nothing
    if (role === 'program' || call.result.startsWith('-1') || call.result.startsWith('?')) return [];
    roles.set(call.pid, roleAfter(role, call));
    const change = ruled(call);
    if (change === undefined || (role === 'command' && OF_A_PROCESS.has(change.call))) return [];
    return [{ role, ...change }];
  });
}
