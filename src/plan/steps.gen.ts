// Generated from native/steps.def by scripts/gen-steps.mjs: edit that file, then run npm run build.

/** The arguments of each step, by its name. */
export interface StepArgs {
  /** clone3(2) into tinyrun-init. `flags`: CLONE_NEW*; `cgroup`: slot of a cgroup2 directory for CLONE_INTO_CGROUP or NO_SLOT; `pass`: slots the child keeps. The pidfd lands in the machine. */
  clone: { flags: bigint; cgroup: number; pass: readonly number[] };
  /** Writes /proc/PID/setgroups (when denySetgroups), uid_map, gid_map of the cloned child; maps are "in out len\n" lines. */
  idMaps: { uidMap: string; gidMap: string; denySetgroups: number };
  /** Tells the child that what is done to it from outside is done. */
  signalConfigured: { [none: string]: never };
  /** The child waits for signalConfigured. */
  awaitConfigured: { [none: string]: never };
  /** The host lane waits until the container lane reaches sync(stage); collects traces, fds and errors on the way. */
  awaitSync: { stage: number };
  /** The container lane says that it got here and waits for signalSync(stage). */
  sync: { stage: number };
  signalSync: { stage: number };
  /** Returns to JavaScript (hooks, prompts); it continues the machine with resume(). */
  yield: { tag: number };
  /** The container lane says that all is set up, without waiting (state becomes created or running). */
  ready: { [none: string]: never };
  awaitReady: { [none: string]: never };
  /** The host lane waits for execve: end of file on the control socket is success. */
  awaitExec: { [none: string]: never };
  /** Waits in poll(2) for one byte from the exec fifo, which stays open until execve. The slot is its O_RDWR|O_NONBLOCK fd (O_RDONLY works, but stays readable once a writer has come and gone); it must be opened by the host lane and passed by clone. */
  awaitStart: { fifo: number };
  /** Sends one byte into the exec fifo at `path` and waits until the container has executed its program, or tells through the fifo why it could not (a startContainer hook, the filter, execve); ENXIO when nobody waits there. */
  signalStart: { path: string };
  /** clone3(CLONE_PARENT|flags): the child goes on with the rest of the lane, this process reports its pid and leaves. How a joined pid namespace is entered, and how new namespaces are made after a setns. */
  fork: { flags: bigint };
  /** open(2) of a path of the host into a slot; flags are O_*, O_CLOEXEC is added. */
  open: { path: string; flags: number; slot: number };
  /** pidfd_open(2). `startTime` not 0: the pid is trusted only when its start time matches, as in kill; ESRCH otherwise. */
  pidfdOpen: { pid: number; startTime: bigint; slot: number };
  /** open_tree(2) with OPEN_TREE_CLONE. `userns` idmaps the clone by mount_setattr(2) with that user namespace fd (5.12), NO_SLOT for none; the detached mount lands in `slot`. */
  openTree: { path: string; recursive: number; userns: number; slot: number };
  /** A user namespace with these maps, made by a short-lived child, its fd in `slot` (for idmapped mounts). */
  makeUserns: { uidMap: string; gidMap: string; slot: number };
  closeSlot: { slot: number };
  /** setns(2): `slot` is an nsfs fd with one CLONE_NEW* flag, or a pidfd with several (5.8). Having joined a user namespace, the process becomes its root in the next fork. */
  setns: { slot: number; flags: number };
  /** A clone of the mount at `path` below `root` (an O_PATH fd of that root), taken in the mount namespace `mntns`, which is left again; the detached mount lands in `slot`. open_tree(2) clones only what is mounted in the namespace it is called from. */
  borrowMount: { mntns: number; root: number; path: string; slot: number };
  /** unshare(2), for CLONE_NEWCGROUP after the process sits in its cgroup, CLONE_NEWTIME. */
  unshare: { flags: number };
  /** Writes /proc/self/timens_offsets before the first process enters the namespace: "monotonic S NS\nboottime S NS\n". */
  timeOffsets: { offsets: string };
  setHostname: { name: string };
  setDomainname: { name: string };
  /** SIOCSIFFLAGS IFF_UP on an interface of this network namespace. */
  linkUp: { name: string };
  setsid: { [none: string]: never };
  /** keyctl(KEYCTL_JOIN_SESSION_KEYRING, name); ENOSYS and EDQUOT are told apart in the trace, not fatal for ENOSYS. */
  sessionKeyring: { name: string };
  /** mount(NULL, "/", NULL, flags, NULL): propagation of the whole tree (MS_REC|MS_SLAVE, MS_REC|MS_PRIVATE …). */
  propagateRoot: { flags: number };
  /** Uses `path` (a directory) as root: open_tree clone, attached over itself; the machine's root is the new mount. */
  rootfsBind: { path: string; recursive: number };
  /** The same from a detached mount that the host lane opened (idmapped roots), attached over `path`. */
  rootfsAttach: { slot: number; path: string };
  /** overlayfs(5) from `lowers` (top first) with upper/work (both empty: read-only), attached over `path`. fsconfig "lowerdir+" where the kernel has it (6.7), else one lowerdir= string for mount(2) that must fit a page: with the numbers of O_PATH fds, or, where `base` (a directory of short links) is not empty, with paths relative to it. `options`: "metacopy=off", "userxattr" … */
  rootfsOverlay: { path: string; lowers: readonly string[]; upper: string; work: string; options: readonly string[]; base: string };
  /** Directory of the host as root without a mount namespace of one's own. */
  rootfsDirect: { path: string };
  /** A new filesystem: fsopen, fsconfig of each "key" or "key=value", fsmount(attr), move_mount onto the target in the root, which is made (directory) where missing. `attr` is MOUNT_ATTR_*, `propagation` MS_* or 0. */
  mountFs: { type: string; source: string; target: string; attr: bigint; options: readonly string[]; flags: number; propagation: number };
  /** A bind mount: `source` (host path, before pivotRoot) or `slot` (a detached mount). open_tree, then mount_setattr with set/clear, recursive ones apart, propagation, then move_mount onto the target in the root, made like the source (directory or empty file). */
  bind: { source: string; slot: number; target: string; attrSet: bigint; attrClear: bigint; recAttrSet: bigint; recAttrClear: bigint; propagation: number; flags: number };
  /** mount_setattr(2) on an existing mount in the root. */
  mountAttr: { path: string; set: bigint; clear: bigint; propagation: number; recursive: number };
  makeDir: { path: string; mode: number; uid: number; gid: number };
  /** A device node, FIFO included (type: S_IFCHR, S_IFBLK, S_IFIFO); refused where a parent is not a real directory. */
  makeNode: { path: string; type: number; mode: number; major: number; minor: number; uid: number; gid: number };
  /** symlink(2) in the root; an equal one that exists is success, other existing files are left alone. */
  makeSymlink: { target: string; path: string };
  /** Paths of the root that must be what they seem, whatever the image has there: `dirs` are directories, and so is all that leads to them; `files` are files in such (a directory stays), made empty where missing. Links and other files in the way are unlinked, never followed. mode 0755. */
  plainPaths: { dirs: readonly string[]; files: readonly string[] };
  /** /dev/pts/ptmx in the root opened (verified devpts), TIOCSPTLCK, TIOCGPTPEER; the peer is bound onto /dev/console, becomes stdio and the controlling terminal (uid owns it); the master goes to the host lane's `slot` by SCM_RIGHTS. rows/columns 0: unset. */
  console: { slot: number; rows: number; columns: number; uid: number; flags: number };
  /** The container's /dev/null (verified char 1:3) as fd 0; where it has none, fd 0 stays what it is. */
  nullInput: { [none: string]: never };
  /** Hides: /dev/null (verified char 1:3) over a file, an empty read-only tmpfs over a directory; missing is success. */
  mask: { path: string };
  /** A recursive read-only bind of the path onto itself; missing is success. */
  readonlyPath: { path: string };
  /** fchdir(root), pivot_root(".", "."), umount2(".", MNT_DETACH), chdir("/"). */
  pivotRoot: { [none: string]: never };
  /** MS_MOVE onto / and chroot, for --no-pivot (an initramfs root cannot be pivoted). The host's procfs and sysfs are unmounted or covered first: while a whole one is in the namespace, a nested user namespace may mount one without our masks. */
  moveRoot: { [none: string]: never };
  chroot: { [none: string]: never };
  /** mount_setattr(MOUNT_ATTR_RDONLY) on the root mount alone. */
  readonlyRoot: { [none: string]: never };
  /** mount(2) propagation flags on / after the pivot (linux.rootfsPropagation). */
  rootPropagation: { flags: number };
  /** Writes below /proc/sys, verified to be procfs (fs magic) and opened with RESOLVE_NO_SYMLINKS|NO_MAGICLINKS. */
  sysctl: { key: string; value: string };
  /** vfork and exec of a hook in this process's namespaces: state JSON = head + pid + tail on its stdin. Its output is kept for the error that tells of its failure. `inRoot`: its current directory is the root. */
  hook: { inRoot: number; path: string; args: readonly string[]; env: readonly string[]; timeoutMs: number; stateHead: string; stateTail: string };
  setRlimit: { resource: number; soft: bigint; hard: bigint };
  oomScoreAdj: { value: number };
  personality: { persona: number };
  /** sched_setattr(2). */
  scheduler: { policy: number; flags: bigint; nice: number; priority: number; runtime: bigint; deadline: bigint; period: bigint };
  ioPriority: { priority: number };
  /** set_mempolicy(2): MPOL_* and MPOL_F_* in `mode`; the nodes as bytes, little endian, a multiple of eight, or none. */
  memoryPolicy: { mode: number; nodes: Uint8Array };
  /** sched_setaffinity(2); the mask as bytes, little endian. */
  cpuAffinity: { mask: Uint8Array };
  /** prctl(PR_CAPBSET_DROP) of every capability the kernel knows that is not in the mask. */
  capBounding: { keep: bigint };
  /** setgroups, setresgid, setresuid (keeping permitted capabilities by PR_SET_KEEPCAPS), umask (0xffffffff: leave). Streams are given so that /dev/stdout can be opened again; never a device (the host's /dev/null); failures are not fatal. */
  setUser: { uid: number; gid: number; groups: readonly number[]; umask: number; flags: number };
  capSet: { effective: bigint; permitted: bigint; inheritable: bigint; ambient: bigint };
  noNewPrivs: { [none: string]: never };
  /** seccomp(SECCOMP_SET_MODE_FILTER, flags, prog); `filter` is an array of struct sock_filter. With SECCOMP_FILTER_FLAG_NEW_LISTENER the notify fd goes to the host lane's `slot` by SCM_RIGHTS, and sync(stage) follows: nothing of this process runs under the filter before somebody listens. */
  seccomp: { flags: number; filter: Uint8Array; slot: number; stage: number };
  /** Hooks from here on get this filter, and with `drop` these capabilities after it: programs of the image are bound as the container's own will be. Their maker is not, which needs calls that the filter may not have. */
  confineHooks: { flags: number; filter: Uint8Array; drop: number; effective: bigint; permitted: bigint; inheritable: bigint; ambient: bigint };
  /** Writes "exec LABEL" to /proc/thread-self/attr/apparmor/exec (falling back to attr/exec), verified procfs. */
  apparmor: { profile: string };
  selinux: { label: string };
  /** chdir(2) inside the new root (made when `create`), then getcwd(2) must answer an absolute path. */
  chdir: { path: string; create: number };
  /** The program is looked up along PATH like execvp(3) and must be executable: ENOENT or EACCES before `ready`. An empty PATH has nothing. */
  findExecutable: { name: string; path: string };
  /** close_range(2) with CLOSE_RANGE_CLOEXEC from fd 3+keep on, and what leads to the host's procfs is closed at once; fds 3 … 3+keep-1 came by --preserve-fds and LISTEN_FDS. */
  closeFds: { keep: number };
  /** prctl(PR_SET_PDEATHSIG): the foreground container ends with its command. */
  dieWithParent: { signal: number };
  /** What tinyrun-init stays as PID 1 for with --init: fork, forward signals, reap, exit like the child. */
  reaper: { [none: string]: never };
  /** execve(2) of what findExecutable found, or of args[0]. */
  execve: { args: readonly string[]; env: readonly string[] };
  mkdir: { path: string; mode: number };
  rmdir: { path: string };
  mkfifo: { path: string; mode: number };
  unlink: { path: string };
  /** Removes a tree by fd, never following links or crossing mounts; missing is success. */
  removeTree: { path: string };
  /** write(2) of the value in one call: cgroup files, /proc files. */
  writeFile: { path: string; value: string };
  /** mkdir of a cgroup2 directory, each missing parent too, with its controllers enabled top down in cgroup.subtree_control ("+cpu +memory"); what the parent lacks is left out. An O_PATH fd lands in `slot`. */
  cgroupCreate: { root: string; path: string; controllers: readonly string[]; slot: number };
  /** BPF_PROG_LOAD of a BPF_PROG_TYPE_CGROUP_DEVICE program (struct bpf_insn array) and attach to the cgroup in `slot`. */
  cgroupDevices: { slot: number; program: Uint8Array };
  /** cgroup.kill (5.14), falling back to SIGKILL for each of cgroup.procs under freeze; waits for populated 0; missing is success. */
  cgroupKill: { path: string };
  /** cgroup.freeze with the wait for "frozen" in cgroup.events. */
  cgroupFreeze: { path: string; frozen: number };
  /** rmdir of the cgroup and those below it, after cgroupKill; missing is success. */
  cgroupRemove: { path: string };
  /** pidfd_send_signal(2): `pid` is trusted only when its start time (field 22 of /proc/PID/stat) matches; ESRCH otherwise. */
  kill: { pid: number; startTime: bigint; signal: number };
  /** umount2(2) of a host path with MNT_DETACH; not mounted is success. */
  umount: { path: string; flags: number };
  /** writeFile to each of two files that mean the same, of which the kernel may lack either; one has to take its value. */
  writeEither: { path: string; value: string; otherPath: string; otherValue: string };
  /** Tells others of the cloned process: a file of head, its pid, middle, its start time (field 22 of /proc/PID/stat), tail, written whole under a temporary name beside `path` (O_EXCL, mode 0600) and renamed. ESRCH before there is a process. */
  publish: { path: string; head: string; middle: string; tail: string };
  /** write(2) of bytes in one call: what the kernel takes whole (an AppArmor policy). */
  writeBytes: { path: string; value: Uint8Array };
  /** One datagram of netlink(7) messages, well formed and one behind another; waits for the answer of each that has NLM_F_ACK (one must), and the first error is the step's. Before it is sent, the index of `device` in this lane's network namespace is written at the offsets `deviceAt`, the clone's pid (host lane) at `pidAt`: a plan holds no number that may be another's by then. */
  netlink: { protocol: number; request: Uint8Array; device: string; deviceAt: readonly number[]; pidAt: readonly number[] };
  /** RTM_NEWLINK with IFLA_NET_NS_PID: a network device of the host moves into the clone's network namespace and is `as` there, where that name must be free; the first such step looks at those of all. It loses its addresses. A plan that fails later brings it back under its name, and then sends `restore` (as in netlink; may be empty) with its index at `deviceAt`. */
  linkMove: { name: string; as: string; restore: Uint8Array; deviceAt: readonly number[] };
  /** vfork and execve(2) of a program of the host, in / and with nothing of ours but `input` as its standard input; ECANCELED with what it printed where it fails, ETIMEDOUT (it is killed) after `timeoutMs` unless 0. The clone's pid takes the place of args[pidArg]; 0xffffffff: of none. */
  exec: { path: string; args: readonly string[]; env: readonly string[]; input: Uint8Array; pidArg: number; timeoutMs: number };
  /** A new file system, attached over the directory `target` of the host (the last part of its path is no link): fsopen, fsconfig of each "key" or "key=value", fsmount(attr), move_mount. umount takes it back. */
  mountHost: { type: string; source: string; target: string; attr: bigint; options: readonly string[] };
  /** openTree of what `path` leads to below the directory `root` (of the host, no link): openat2(RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS), EXDEV where a link leads out; the clone is of what was found, whoever renames meanwhile. `recursive` is openTree's. */
  openBelow: { root: string; path: string; recursive: number; userns: number; slot: number };
  /** A connection to a SOCK_SEQPACKET socket of the host, which goes to the container lane with the clone; ECONNREFUSED where nobody listens. */
  dial: { path: string; slot: number };
  /** Sockets of this network namespace for the resolver, by SCM_RIGHTS with the name of a view over the connection in `slot`: UDP and TCP at 127.0.0.11:`port`, where the container asks, and one of each by which its own servers are asked. Waits for its answer and closes the slot. */
  serve: { slot: number; view: string; port: number };
  /** A file written whole under a temporary name beside `path` (O_EXCL), given its mode whatever the umask is, and renamed. */
  replaceFile: { path: string; mode: number; value: string };
  /** A port of the host that nobody else shall have: bind(2) to the struct sockaddr_in or sockaddr_in6 `address` without SO_REUSEADDR, of IPv6 with IPV6_V6ONLY; it never listens, and takes in no datagram. The socket outlives the plan: it is held by the process that ran it, and goes with that, or with the container where that takes it out of the slot. IPPROTO_SCTP that the kernel lacks is traced, not fatal. */
  reserve: { protocol: number; address: Uint8Array; slot: number };
  /** Each connection that `request` lists, one IPCTNL_MSG_CT_GET with NLM_F_DUMP and perhaps CTA_FILTER (5.8), is deleted; none is success. */
  forgetFlows: { request: Uint8Array };
  /** A port that a `reserve` of this process holds is free again: its socket at `address` is closed. None is success. */
  release: { protocol: number; address: Uint8Array };
}

export type FieldKind = 'u32' | 'i32' | 'slot' | 'u64' | 'i64' | 'str' | 'bytes' | 'strs' | 'u32s';

/** Opcode, lane and wire fields of each step, in wire order. */
export const STEPS = {
  clone: { code: 1, lane: 'host', fields: [['flags', 'u64'], ['cgroup', 'slot'], ['pass', 'u32s']] },
  idMaps: { code: 2, lane: 'host', fields: [['uidMap', 'str'], ['gidMap', 'str'], ['denySetgroups', 'u32']] },
  signalConfigured: { code: 3, lane: 'host', fields: [] },
  awaitConfigured: { code: 4, lane: 'container', fields: [] },
  awaitSync: { code: 5, lane: 'host', fields: [['stage', 'u32']] },
  sync: { code: 6, lane: 'container', fields: [['stage', 'u32']] },
  signalSync: { code: 7, lane: 'host', fields: [['stage', 'u32']] },
  yield: { code: 8, lane: 'host', fields: [['tag', 'u32']] },
  ready: { code: 9, lane: 'container', fields: [] },
  awaitReady: { code: 10, lane: 'host', fields: [] },
  awaitExec: { code: 11, lane: 'host', fields: [] },
  awaitStart: { code: 12, lane: 'container', fields: [['fifo', 'slot']] },
  signalStart: { code: 13, lane: 'host', fields: [['path', 'str']] },
  fork: { code: 14, lane: 'container', fields: [['flags', 'u64']] },
  open: { code: 15, lane: 'both', fields: [['path', 'str'], ['flags', 'u32'], ['slot', 'slot']] },
  pidfdOpen: { code: 16, lane: 'host', fields: [['pid', 'u32'], ['startTime', 'u64'], ['slot', 'slot']] },
  openTree: { code: 17, lane: 'both', fields: [['path', 'str'], ['recursive', 'u32'], ['userns', 'slot'], ['slot', 'slot']] },
  makeUserns: { code: 18, lane: 'host', fields: [['uidMap', 'str'], ['gidMap', 'str'], ['slot', 'slot']] },
  closeSlot: { code: 19, lane: 'both', fields: [['slot', 'slot']] },
  setns: { code: 20, lane: 'container', fields: [['slot', 'slot'], ['flags', 'u32']] },
  borrowMount: { code: 21, lane: 'container', fields: [['mntns', 'slot'], ['root', 'slot'], ['path', 'str'], ['slot', 'slot']] },
  unshare: { code: 22, lane: 'container', fields: [['flags', 'u32']] },
  timeOffsets: { code: 23, lane: 'both', fields: [['offsets', 'str']] },
  setHostname: { code: 24, lane: 'container', fields: [['name', 'str']] },
  setDomainname: { code: 25, lane: 'container', fields: [['name', 'str']] },
  linkUp: { code: 26, lane: 'container', fields: [['name', 'str']] },
  setsid: { code: 27, lane: 'container', fields: [] },
  sessionKeyring: { code: 28, lane: 'container', fields: [['name', 'str']] },
  propagateRoot: { code: 29, lane: 'container', fields: [['flags', 'u32']] },
  rootfsBind: { code: 30, lane: 'container', fields: [['path', 'str'], ['recursive', 'u32']] },
  rootfsAttach: { code: 31, lane: 'container', fields: [['slot', 'slot'], ['path', 'str']] },
  rootfsOverlay: { code: 32, lane: 'container', fields: [['path', 'str'], ['lowers', 'strs'], ['upper', 'str'], ['work', 'str'], ['options', 'strs'], ['base', 'str']] },
  rootfsDirect: { code: 33, lane: 'container', fields: [['path', 'str']] },
  mountFs: { code: 34, lane: 'container', fields: [['type', 'str'], ['source', 'str'], ['target', 'str'], ['attr', 'u64'], ['options', 'strs'], ['flags', 'u32'], ['propagation', 'u32']] },
  bind: { code: 35, lane: 'container', fields: [['source', 'str'], ['slot', 'slot'], ['target', 'str'], ['attrSet', 'u64'], ['attrClear', 'u64'], ['recAttrSet', 'u64'], ['recAttrClear', 'u64'], ['propagation', 'u32'], ['flags', 'u32']] },
  mountAttr: { code: 36, lane: 'container', fields: [['path', 'str'], ['set', 'u64'], ['clear', 'u64'], ['propagation', 'u32'], ['recursive', 'u32']] },
  makeDir: { code: 37, lane: 'container', fields: [['path', 'str'], ['mode', 'u32'], ['uid', 'u32'], ['gid', 'u32']] },
  makeNode: { code: 38, lane: 'container', fields: [['path', 'str'], ['type', 'u32'], ['mode', 'u32'], ['major', 'u32'], ['minor', 'u32'], ['uid', 'u32'], ['gid', 'u32']] },
  makeSymlink: { code: 39, lane: 'container', fields: [['target', 'str'], ['path', 'str']] },
  plainPaths: { code: 40, lane: 'container', fields: [['dirs', 'strs'], ['files', 'strs']] },
  console: { code: 41, lane: 'container', fields: [['slot', 'slot'], ['rows', 'u32'], ['columns', 'u32'], ['uid', 'u32'], ['flags', 'u32']] },
  nullInput: { code: 42, lane: 'container', fields: [] },
  mask: { code: 43, lane: 'container', fields: [['path', 'str']] },
  readonlyPath: { code: 44, lane: 'container', fields: [['path', 'str']] },
  pivotRoot: { code: 45, lane: 'container', fields: [] },
  moveRoot: { code: 46, lane: 'container', fields: [] },
  chroot: { code: 47, lane: 'container', fields: [] },
  readonlyRoot: { code: 48, lane: 'container', fields: [] },
  rootPropagation: { code: 49, lane: 'container', fields: [['flags', 'u32']] },
  sysctl: { code: 50, lane: 'container', fields: [['key', 'str'], ['value', 'str']] },
  hook: { code: 51, lane: 'container', fields: [['inRoot', 'u32'], ['path', 'str'], ['args', 'strs'], ['env', 'strs'], ['timeoutMs', 'u32'], ['stateHead', 'str'], ['stateTail', 'str']] },
  setRlimit: { code: 52, lane: 'container', fields: [['resource', 'u32'], ['soft', 'u64'], ['hard', 'u64']] },
  oomScoreAdj: { code: 53, lane: 'container', fields: [['value', 'i32']] },
  personality: { code: 54, lane: 'container', fields: [['persona', 'u32']] },
  scheduler: { code: 55, lane: 'container', fields: [['policy', 'u32'], ['flags', 'u64'], ['nice', 'i32'], ['priority', 'u32'], ['runtime', 'u64'], ['deadline', 'u64'], ['period', 'u64']] },
  ioPriority: { code: 56, lane: 'container', fields: [['priority', 'u32']] },
  memoryPolicy: { code: 57, lane: 'container', fields: [['mode', 'u32'], ['nodes', 'bytes']] },
  cpuAffinity: { code: 58, lane: 'container', fields: [['mask', 'bytes']] },
  capBounding: { code: 59, lane: 'container', fields: [['keep', 'u64']] },
  setUser: { code: 60, lane: 'container', fields: [['uid', 'u32'], ['gid', 'u32'], ['groups', 'u32s'], ['umask', 'u32'], ['flags', 'u32']] },
  capSet: { code: 61, lane: 'container', fields: [['effective', 'u64'], ['permitted', 'u64'], ['inheritable', 'u64'], ['ambient', 'u64']] },
  noNewPrivs: { code: 62, lane: 'container', fields: [] },
  seccomp: { code: 63, lane: 'container', fields: [['flags', 'u32'], ['filter', 'bytes'], ['slot', 'slot'], ['stage', 'u32']] },
  confineHooks: { code: 64, lane: 'container', fields: [['flags', 'u32'], ['filter', 'bytes'], ['drop', 'u32'], ['effective', 'u64'], ['permitted', 'u64'], ['inheritable', 'u64'], ['ambient', 'u64']] },
  apparmor: { code: 65, lane: 'container', fields: [['profile', 'str']] },
  selinux: { code: 66, lane: 'container', fields: [['label', 'str']] },
  chdir: { code: 67, lane: 'container', fields: [['path', 'str'], ['create', 'u32']] },
  findExecutable: { code: 68, lane: 'container', fields: [['name', 'str'], ['path', 'str']] },
  closeFds: { code: 69, lane: 'container', fields: [['keep', 'u32']] },
  dieWithParent: { code: 70, lane: 'container', fields: [['signal', 'u32']] },
  reaper: { code: 71, lane: 'container', fields: [] },
  execve: { code: 72, lane: 'container', fields: [['args', 'strs'], ['env', 'strs']] },
  mkdir: { code: 73, lane: 'host', fields: [['path', 'str'], ['mode', 'u32']] },
  rmdir: { code: 74, lane: 'host', fields: [['path', 'str']] },
  mkfifo: { code: 75, lane: 'host', fields: [['path', 'str'], ['mode', 'u32']] },
  unlink: { code: 76, lane: 'host', fields: [['path', 'str']] },
  removeTree: { code: 77, lane: 'host', fields: [['path', 'str']] },
  writeFile: { code: 78, lane: 'host', fields: [['path', 'str'], ['value', 'str']] },
  cgroupCreate: { code: 79, lane: 'host', fields: [['root', 'str'], ['path', 'str'], ['controllers', 'strs'], ['slot', 'slot']] },
  cgroupDevices: { code: 80, lane: 'host', fields: [['slot', 'slot'], ['program', 'bytes']] },
  cgroupKill: { code: 81, lane: 'host', fields: [['path', 'str']] },
  cgroupFreeze: { code: 82, lane: 'host', fields: [['path', 'str'], ['frozen', 'u32']] },
  cgroupRemove: { code: 83, lane: 'host', fields: [['path', 'str']] },
  kill: { code: 84, lane: 'host', fields: [['pid', 'u32'], ['startTime', 'u64'], ['signal', 'u32']] },
  umount: { code: 85, lane: 'host', fields: [['path', 'str'], ['flags', 'u32']] },
  writeEither: { code: 86, lane: 'host', fields: [['path', 'str'], ['value', 'str'], ['otherPath', 'str'], ['otherValue', 'str']] },
  publish: { code: 87, lane: 'host', fields: [['path', 'str'], ['head', 'str'], ['middle', 'str'], ['tail', 'str']] },
  writeBytes: { code: 88, lane: 'host', fields: [['path', 'str'], ['value', 'bytes']] },
  netlink: { code: 89, lane: 'both', fields: [['protocol', 'u32'], ['request', 'bytes'], ['device', 'str'], ['deviceAt', 'u32s'], ['pidAt', 'u32s']] },
  linkMove: { code: 90, lane: 'host', fields: [['name', 'str'], ['as', 'str'], ['restore', 'bytes'], ['deviceAt', 'u32s']] },
  exec: { code: 91, lane: 'host', fields: [['path', 'str'], ['args', 'strs'], ['env', 'strs'], ['input', 'bytes'], ['pidArg', 'u32'], ['timeoutMs', 'u32']] },
  mountHost: { code: 92, lane: 'host', fields: [['type', 'str'], ['source', 'str'], ['target', 'str'], ['attr', 'u64'], ['options', 'strs']] },
  openBelow: { code: 93, lane: 'both', fields: [['root', 'str'], ['path', 'str'], ['recursive', 'u32'], ['userns', 'slot'], ['slot', 'slot']] },
  dial: { code: 94, lane: 'host', fields: [['path', 'str'], ['slot', 'slot']] },
  serve: { code: 95, lane: 'container', fields: [['slot', 'slot'], ['view', 'str'], ['port', 'u32']] },
  replaceFile: { code: 96, lane: 'host', fields: [['path', 'str'], ['mode', 'u32'], ['value', 'str']] },
  reserve: { code: 97, lane: 'host', fields: [['protocol', 'u32'], ['address', 'bytes'], ['slot', 'slot']] },
  forgetFlows: { code: 98, lane: 'host', fields: [['request', 'bytes']] },
  release: { code: 99, lane: 'host', fields: [['protocol', 'u32'], ['address', 'bytes']] },
} as const satisfies Record<
  keyof StepArgs,
  { code: number; lane: 'host' | 'container' | 'both'; fields: readonly (readonly [string, FieldKind])[] }
>;

/** The bits of a step's `flags` (of openTree: `recursive`), by its name. */
export const FLAGS = {
  openTree: {
    /** AT_RECURSIVE */
    recursive: 1,
    /** the ids of what lies below are mapped, too */
    mapsBelow: 2,
  },
  mountFs: {
    /** what the target has is copied into it (tmpcopyup) */
    copyUp: 1,
    /** its superblock */
    readOnly: 2,
    /** the target must be a plain directory (proc, sysfs) */
    plainTarget: 4,
    /** a missing filesystem type is traced, not fatal */
    optional: 8,
    /** takes the mode of an existing target (tmpfs without mode=) */
    keepMode: 16,
  },
  bind: {
    /** what is mounted below comes along */
    recursive: 1,
    /** it is not made when missing */
    targetMustExist: 2,
    /** the source is resolved in the root */
    sourceInRoot: 4,
    /** without a source there is no mount */
    skipMissing: 8,
    /** of ro, nosuid, nodev, noexec, nosymfollow of the source only those stay that are set here, or locked by the kernel */
    ownAttributes: 16,
    /** a directory that is marked as to be filled (mode 1000) gets what the target has first, its mode last */
    copyUp: 32,
  },
  console: {
    /** nothing is bound onto /dev/console (exec: that one belongs to the container's first process) */
    noConsoleNode: 1,
    /** without ONLCR: lines end as the program writes them */
    lineEndsStay: 2,
    /** the controlling terminal is left to a second step, of the process that forks off */
    notControlling: 4,
    /** that step: standard input becomes it, and nothing else is done */
    controllingOnly: 8,
  },
  setUser: {
    /** supplementary groups are left alone (setgroups is denied) */
    keepGroups: 1,
    /** first fds 0, 1, 2 become the user's by fchown(2): pipes and sockets */
    ownStreams: 2,
    /** of those the files that are open for writing, too */
    ownFiles: 4,
  },
} as const;
