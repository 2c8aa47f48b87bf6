import { CAPABILITIES, NAMESPACES, RLIMITS, signalName } from '../spec/linux.ts';
import { NO_SLOT, type Step } from './types.ts';

// A step as the man page of its main system call would write it: what strace shows, shortened where it repeats itself.

const CLONE_NAMES = Object.entries(NAMESPACES).map(([, { flag, file }]) => [flag, cloneName(file)] as const);
const ATTRS = [
  [0x1n, 'RDONLY'],
  [0x2n, 'NOSUID'],
  [0x4n, 'NODEV'],
  [0x8n, 'NOEXEC'],
  [0x10n, 'NOATIME'],
  [0x20n, 'STRICTATIME'],
  [0x80n, 'NODIRATIME'],
  [0x100000n, 'IDMAP'],
  [0x200000n, 'NOSYMFOLLOW'],
] as const;
const PROPAGATION = [
  [0x4000, 'MS_REC'],
  [0x20000, 'MS_UNBINDABLE'],
  [0x40000, 'MS_PRIVATE'],
  [0x80000, 'MS_SLAVE'],
  [0x100000, 'MS_SHARED'],
] as const;

function cloneName(file: string): string {
  return file === 'mnt' ? 'CLONE_NEWNS' : `CLONE_NEW${file.toUpperCase()}`;
}

/** The names of the bits that are set, joined as C does. */
function bits<T extends number | bigint>(value: T, names: readonly (readonly [T, string])[]): string {
  const set = names.filter(([bit]) => (BigInt(value) & BigInt(bit)) !== 0n).map(([, name]) => name);
  return set.join('|') || '0';
}

const cloneFlags = (flags: number | bigint) => bits(Number(flags), CLONE_NAMES);
const attr = (value: bigint) => bits(value, ATTRS).replace(/\b(?=[A-Z])/g, 'MOUNT_ATTR_');
const propagation = (value: number) => bits(value, PROPAGATION);
const quote = (text: string) => JSON.stringify(text);
const octal = (mode: number) => `0${mode.toString(8)}`;
const slot = (value: number) => (value === NO_SLOT ? '-1' : `fd[${value}]`);

function capabilities(mask: bigint): string {
  const names = CAPABILITIES.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
  if (names.length === 0) return '0';
  if (names.length === CAPABILITIES.length) return 'all';
  return names.map((name) => name.slice('CAP_'.length).toLowerCase()).join('|');
}

function rlimitName(resource: number): string {
  return Object.entries(RLIMITS).find(([, number]) => number === resource)?.[0] ?? String(resource);
}

const limit = (value: bigint) => (value === 0xffff_ffff_ffff_ffffn ? 'RLIM_INFINITY' : String(value));
const list = (values: readonly string[]) => `[${values.map(quote).join(', ')}]`;

type Render = { [N in Step['op']]?: (args: Extract<Step, { op: N }>['args']) => string };

const FORMS: Render = {
  clone: (a) =>
    `clone3({flags=${cloneFlags(a.flags)}|CLONE_PIDFD|CLONE_VFORK${a.cgroup === NO_SLOT ? '' : `|CLONE_INTO_CGROUP, cgroup=${slot(a.cgroup)}`}}); execveat(tinyrun-init)`,
  idMaps: (a) =>
    `write("/proc/PID/uid_map", ${quote(a.uidMap)}); write("/proc/PID/gid_map", ${quote(a.gidMap)})`,
  signalConfigured: () => 'send(control, CONFIGURED)',
  awaitConfigured: () => 'recv(control) = CONFIGURED',
  awaitSync: (a) => `recv(control) = SYNC ${a.stage}`,
  sync: (a) => `send(control, SYNC ${a.stage}); recv(control)`,
  signalSync: (a) => `send(control, SYNC ${a.stage})`,
  ready: () => 'send(control, READY)',
  awaitReady: () => 'recv(control) = READY',
  awaitExec: () => 'recv(control) = end of file',
  fork: (a) => `clone3({flags=CLONE_PARENT|${cloneFlags(a.flags)}})`,
  open: (a) => `open(${quote(a.path)}, O_CLOEXEC) = ${slot(a.slot)}`,
  openTree: (a) =>
    `open_tree(AT_FDCWD, ${quote(a.path)}, OPEN_TREE_CLONE${a.recursive ? '|AT_RECURSIVE' : ''}) = ${slot(a.slot)}`,
  setns: (a) => `setns(${slot(a.slot)}, ${cloneFlags(a.flags)})`,
  unshare: (a) => `unshare(${cloneFlags(a.flags)})`,
  setHostname: (a) => `sethostname(${quote(a.name)}, ${a.name.length})`,
  setDomainname: (a) => `setdomainname(${quote(a.name)}, ${a.name.length})`,
  linkUp: (a) => `ioctl(SIOCSIFFLAGS, {${quote(a.name)}, IFF_UP})`,
  setsid: () => 'setsid()',
  sessionKeyring: (a) => `keyctl(KEYCTL_JOIN_SESSION_KEYRING, ${quote(a.name)})`,
  propagateRoot: (a) => `mount(NULL, "/", NULL, ${propagation(a.flags)}, NULL)`,
  rootfsOverlay: (a) =>
    `fsopen("overlay"); fsconfig(${a.lowers.length} lowers${a.upper ? ', upperdir, workdir' : ''}); fsmount(); move_mount(${quote(a.path)})`,
  rootfsBind: (a) => `open_tree(${quote(a.path)}, OPEN_TREE_CLONE); move_mount(${quote(a.path)})`,
  mountFs: (a) =>
    `fsopen(${quote(a.type)})${a.options.map((o) => `; fsconfig(${quote(o)})`).join('')}; fsmount(${attr(a.attr)}); move_mount(${quote(a.target)})`,
  bind: (a) => {
    const set = a.attrSet | a.recAttrSet;
    const source = a.source ? quote(a.source) : slot(a.slot);
    const change = set === 0n ? '' : `; mount_setattr(${attr(set)})`;
    return `open_tree(${source}, OPEN_TREE_CLONE)${change}; move_mount(${quote(a.target)})`;
  },
  mountAttr: (a) => `mount_setattr(${quote(a.path)}, ${attr(a.set)})`,
  makeDir: (a) => `mkdirat(root, ${quote(a.path)}, ${octal(a.mode)})`,
  makeNode: (a) =>
    `mknodat(root, ${quote(a.path)}, ${octal(a.type | a.mode)}, makedev(${a.major}, ${a.minor}))`,
  makeSymlink: (a) => `symlinkat(${quote(a.target)}, root, ${quote(a.path)})`,
  console: () => 'open("/dev/ptmx"); ioctl(TIOCGPTPEER); move_mount("/dev/console"); ioctl(TIOCSCTTY)',
  mask: (a) => `move_mount(/dev/null or an empty tmpfs, ${quote(a.path)})`,
  readonlyPath: (a) =>
    `open_tree(${quote(a.path)}, OPEN_TREE_CLONE|AT_RECURSIVE); mount_setattr(MOUNT_ATTR_RDONLY); move_mount()`,
  pivotRoot: () => 'pivot_root(".", "."); umount2(".", MNT_DETACH); chdir("/")',
  readonlyRoot: () => 'mount_setattr("/", MOUNT_ATTR_RDONLY)',
  rootPropagation: (a) => `mount(NULL, "/", NULL, ${propagation(a.flags)}, NULL)`,
  sysctl: (a) => `write("/proc/sys/${a.key.replaceAll('.', '/')}", ${quote(a.value)})`,
  setRlimit: (a) => `prlimit(0, ${rlimitName(a.resource)}, {${limit(a.soft)}, ${limit(a.hard)}})`,
  oomScoreAdj: (a) => `write("/proc/self/oom_score_adj", "${a.value}")`,
  capBounding: (a) => `prctl(PR_CAPBSET_DROP, all but ${capabilities(a.keep)})`,
  setUser: (a) => `setgroups([${a.groups.join(', ')}]); setresgid(${a.gid}); setresuid(${a.uid})`,
  capSet: (a) => `capset(effective=${capabilities(a.effective)}, inheritable=${capabilities(a.inheritable)})`,
  noNewPrivs: () => 'prctl(PR_SET_NO_NEW_PRIVS, 1)',
  seccomp: (a) => `seccomp(SECCOMP_SET_MODE_FILTER, ${a.flags}, ${a.filter.length / 8} instructions)`,
  apparmor: (a) => `write("/proc/thread-self/attr/apparmor/exec", ${quote(`exec ${a.profile}`)})`,
  chdir: (a) => `chdir(${quote(a.path)}); getcwd()`,
  findExecutable: (a) => `faccessat(${quote(a.name)} along PATH, X_OK)`,
  closeFds: (a) => `close_range(${3 + a.keep}, ~0, CLOSE_RANGE_CLOEXEC)`,
  dieWithParent: (a) => `prctl(PR_SET_PDEATHSIG, ${signalName(a.signal)})`,
  reaper: () => 'fork(); waitid(P_ALL) until the program ends',
  execve: (a) => `execve(${list(a.args)}, ${a.env.length} variables)`,
  mkdir: (a) => `mkdir(${quote(a.path)}, ${octal(a.mode)})`,
  mkfifo: (a) => `mknod(${quote(a.path)}, S_IFIFO|${octal(a.mode)})`,
  writeFile: (a) => `write(${quote(a.path)}, ${quote(a.value)})`,
  cgroupCreate: (a) => `mkdir(${quote(`${a.root}/${a.path}`.replace(/\/+/g, '/'))})`,
  cgroupDevices: (a) =>
    `bpf(BPF_PROG_LOAD, ${a.program.length / 8} instructions); bpf(BPF_PROG_ATTACH, BPF_CGROUP_DEVICE)`,
  cgroupRemove: (a) => `write(${quote(`${a.path}/cgroup.kill`)}, "1"); rmdir(${quote(a.path)})`,
  kill: (a) => `pidfd_send_signal(pidfd of ${a.pid}, ${signalName(a.signal)})`,
  umount: (a) => `umount2(${quote(a.path)}, MNT_DETACH)`,
};

/** `move_mount("/proc")`, `setns(fd[2], CLONE_NEWNET)`: one line for people. */
export function syscallOf(step: Step): string {
  const form = FORMS[step.op] as ((args: Step['args']) => string) | undefined;
  if (form) return form(step.args);
  const args = Object.values(step.args).map((value) =>
    typeof value === 'string' ? quote(value) : String(value),
  );
  return `${step.op}(${args.join(', ')})`;
}
