// What the addon offers, typed. One section per file of native/addon. Every failing call throws SyscallError;
// wrong argument types throw TypeError. All calls are synchronous unless they return a Promise.

import type { Machine, MachineOptions } from './machine.ts';

export type * from './machine.ts';

/** Integer file descriptor; close-on-exec is always set. */
export type Fd = number;
/** A path, or its bytes, without NUL. What is not UTF-8 in one is lone surrogates of a string (image/tar/names.ts). */
export type Path = string | Uint8Array;

export interface Stat {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  nlink: number;
  ino: bigint;
  dev: bigint;
  rdevMajor: number;
  rdevMinor: number;
  mtimeNs: bigint;
  atimeNs: bigint;
  ctimeNs: bigint;
}

/** What one push() did; `frameEnded` at the end of a frame, where a stream may end. */
export interface ZstdProgress {
  read: number;
  written: number;
  frameEnded: boolean;
}

export interface ZstdFault {
  fault: string;
  windowTooLarge: boolean;
}

/** Which lines of a log, and how. */
export interface LogText {
  /** Of this time or later. */
  since: string;
  /** Before this time. */
  until: string | undefined;
  /** The time and a space in front of each. */
  timestamps: boolean;
  /** A space in front of each. */
  details: boolean;
}

/** What is done beside the thread that reads a layer's archive. Its calls wait where that is too far ahead. */
export interface LayerFiles {
  /** Takes a copy of the next piece of the archive. */
  push(chunk: Uint8Array): void;
  /**
   * Has the plain files made that begin `left` bytes before the end of the last piece, in `dir`: `parent` is the way there
   * in the layer, through no link, and `prefix` its name in the archive (with a slash, or nothing). Up to what is not plain,
   * not whole or being made already, and no more than `entries` files and `bytes` of data. `chown`: owners are set (to root,
   * too, if `always`). Answers how many bytes of the archive, files and bytes of data that are.
   */
  take(
    left: number,
    dir: Fd,
    parent: Path,
    prefix: Path,
    how: { chown: boolean; always: boolean; umask: number; entries: number; bytes: number },
  ): { end: number; entries: number; bytes: number };
  /**
   * Waits until nothing that was taken is still to be made at `path` of the layer or on the way there. Throws what the first
   * of all failed of: EEXIST where a file's name was taken.
   */
  settle(path: Path): void;
  /** Waits for all that was taken. */
  drain(): void;
  /** Whether node exports a hash to addons. */
  readonly hashes: boolean;
  /** SHA-256 of all pieces in hexadecimal, once; where `hashes`. */
  digest(): string;
  close(): void;
}

export interface ZstdDecoder {
  /** As much of `input` into `output` as goes, one frame at most. `output` filled: there may be more of it to come. */
  push(input: Uint8Array, output: Uint8Array): ZstdProgress | ZstdFault;
  /** Frees its window now. */
  close(): void;
}

export interface ExitStatus {
  kind: 'exited' | 'signaled';
  code: number /** 128+n for a signal */;
  status: number;
}

export interface SeccompInput {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: readonly string[];
  flags?: readonly string[];
  syscalls?: readonly {
    names: readonly string[];
    action: string;
    errnoRet?: number;
    args?: readonly { index: number; value: number | bigint; valueTwo?: number | bigint; op: string }[];
  }[];
}

/** A container's standard streams: pipes of its own, copied to and from the caller's by threads (streams.cc). */
export interface Streams {
  /** What becomes 0, 1 and 2 of the container; start() and drop() close them. */
  readonly stdio: [Fd, Fd, Fd];
  /** Before start(): the words that a socket is sent when nobody takes what goes to 1, or to 2, any more. */
  tellBroken(socket: Fd, first: Uint8Array, second: Uint8Array): void;
  /** The container has its ends: the copying begins. */
  start(): void;
  /** The container has ended: resolves when what it wrote is written, rejects when it could not be. */
  finish(): Promise<void>;
  /** There will be no container. */
  drop(): void;
}

export interface NativeAddon {
  // machine.cc: the plan interpreter
  machine(plan: Uint8Array, options?: MachineOptions): Machine;
  /** Decodes without running, as tinyrun-init does; throws Error naming the first fault. */
  checkPlan(plan: Uint8Array): { steps: number };

  // monitor.cc
  /**
   * Starts a container's monitor; `order` is an encoded message, `pass` the fds it names, `cgroup` a directory's that it
   * is born into. A child of this process: its pidfd is for waitPidfd.
   */
  spawnMonitor(order: Uint8Array, pass: readonly Fd[], cgroup?: Fd): { pid: number; pidfd: Fd };
  /** tinyrun-init, sealed; one for the whole process, never closed. */
  initExecutable(): Fd;
  /** `ENOENT` for 2. */
  errorCode(errno: number): string;

  // layer_files.cc
  /** Two threads that hash an archive and fill its plain files. */
  layerFiles(): LayerFiles;

  // log_text.cc
  /**
   * The text of json-file's lines, from the first on those of one stream, 1 or 2, and of the form that monitors write them
   * in; `stream` 0: the first has another. `text` is as long as `lines` at least. Times are RFC 3339, UTC, nanoseconds.
   */
  decodeLog(
    lines: Uint8Array,
    text: Uint8Array,
    how: LogText,
  ): { stream: 0 | 1 | 2; read: number; written: number };

  // zstd.cc
  /** `windowLog`: a frame may want a window of 2 ** windowLog bytes. */
  zstdDecoder(windowLog: number): ZstdDecoder;

  // process.cc
  /** clone3(2) into tinyrun-init, which runs nothing but waits on its control socket (for lessons). */
  clone(options: { flags: bigint; cgroup?: Fd }): { pid: number; pidfd: Fd; release(): void };
  unshare(flags: number): void;
  setns(fd: Fd, flags: number): void;
  pidfdOpen(pid: number, flags?: number): Fd;
  pidfdSendSignal(pidfd: Fd, signal: number): void;
  /** Lets a signal through to this thread. */
  unblockSignal(signal: number): void;
  /** Polls the pidfd in the event loop, then waitid(P_PIDFD); for children of this process. */
  waitPidfd(pidfd: Fd): Promise<ExitStatus>;
  /** The same with nobody told: it keeps this process from ending no longer. The pidfd may be closed. */
  forgetPidfd(pidfd: Fd): void;
  /**
   * Resolves when the process behind any pidfd has ended. How long it is waited for is the caller's business, and told for who
   * stands in for the addon: false is the word that it has not ended by then.
   */
  pollPidfd(pidfd: Fd, within?: number): Promise<false | undefined>;
  /** Resolves when there is something to be read of a socket, or its other end has gone. */
  pollSocket(socket: Fd): Promise<void>;
  prctl(option: number, a2?: number, a3?: number, a4?: number, a5?: number): number;
  getpid(): number;
  /** Ends the process at once, without V8's tear-down; standard output must be flushed. */
  exitNow(code: number): never;

  // mount.cc
  pivotRoot(newRoot: string, putOld: string): void;
  mount(source: string, target: string, type: string, flags: number, data?: string): void;
  umount(target: string, flags?: number): void;
  fsopen(type: string, flags?: number): Fd;
  fsconfig(fd: Fd, command: number, key?: string, value?: string | Fd): void;
  fsmount(fd: Fd, flags: number, attr: number): Fd;
  openTree(dirfd: Fd, path: string, flags: number): Fd;
  moveMount(fromFd: Fd, fromPath: string, toFd: Fd, toPath: string, flags: number): void;
  mountSetattr(
    dirfd: Fd,
    path: string,
    flags: number,
    attr: { set?: bigint; clear?: bigint; propagation?: bigint; usernsFd?: Fd },
  ): void;
  statfsType(path: string | Fd): number;

  // fs.cc: the *at calls. The last component is not followed unless flags has AT_SYMLINK_FOLLOW (0x400); an empty
  // path is dirfd itself.
  openat2(dirfd: Fd, path: Path, how: { flags: number; mode?: number; resolve?: number }): Fd;
  /** openat(O_CREAT|O_EXCL|O_NOFOLLOW|O_WRONLY): a file that nothing was in the place of. */
  createFile(dirfd: Fd, path: Path, mode: number): Fd;
  close(fd: Fd): void;
  /** fcntl(F_DUPFD_CLOEXEC). */
  dup(fd: Fd): Fd;
  setCloexec(fd: Fd, on: boolean): void;
  mkdirat(dirfd: Fd, path: Path, mode: number): void;
  mknodat(dirfd: Fd, path: Path, mode: number, major: number, minor: number): void;
  symlinkat(target: Path, dirfd: Fd, path: Path): void;
  linkat(oldDirfd: Fd, oldPath: Path, newDirfd: Fd, newPath: Path, flags?: number): void;
  unlinkat(dirfd: Fd, path: Path, flags?: number): void;
  renameat2(oldDirfd: Fd, oldPath: Path, newDirfd: Fd, newPath: Path, flags?: number): void;
  readlinkat(dirfd: Fd, path: Path): string;
  fstatat(dirfd: Fd, path: Path, flags?: number): Stat;
  fchownat(dirfd: Fd, path: Path, uid: number, gid: number, flags?: number): void;
  /** Of a symlink: EOPNOTSUPP. */
  fchmodat(dirfd: Fd, path: Path, mode: number): void;
  /** utimensat(2); undefined leaves a time alone (UTIME_OMIT). */
  utimensat(
    dirfd: Fd,
    path: Path,
    atimeNs: bigint | undefined,
    mtimeNs: bigint | undefined,
    flags?: number,
  ): void;
  /** xattrs of `path` in `dirfd` (or of dirfd itself when path is ''), symlinks not followed. */
  setxattr(dirfd: Fd, path: Path, name: string, value: Uint8Array): void;
  getxattr(dirfd: Fd, path: Path, name: string): Uint8Array | undefined;
  listxattr(dirfd: Fd, path: Path): string[];
  removexattr(dirfd: Fd, path: Path, name: string): void;
  /** Names and DT_* types below a directory fd, without . and .. */
  readdir(fd: Fd): { name: string; type: number }[];
  /** Removes a tree by fd, not following links nor crossing mounts; missing is success. */
  removeTree(dirfd: Fd, path: Path): void;
  write(fd: Fd, data: Uint8Array | string): number;
  pwrite(fd: Fd, data: Uint8Array, offset: number): number;
  read(fd: Fd, max: number): Uint8Array;
  fsync(fd: Fd): void;
  fdatasync(fd: Fd): void;
  ftruncate(fd: Fd, size: number): void;
  fallocate(fd: Fd, mode: number, offset: number, length: number): void;
  syncfs(fd: Fd): void;
  /** flock(2); false when LOCK_NB would block. Blocking locks are taken off the main thread by flockWait. */
  flock(fd: Fd, operation: number): boolean;
  flockWait(fd: Fd, operation: number): Promise<void>;
  /** fcntl(2), F_OFD_SETLK or, to wait on this thread, F_OFD_SETLKW, of the whole file; F_WRLCK or F_UNLCK. False: another has it. */
  ofdLock(fd: Fd, type: number, wait: boolean): boolean;

  // cgroup.cc
  /** One write(2) of value into a file of a cgroup directory fd, resolved beneath it. */
  cgroupWrite(dirfd: Fd, file: string, value: string): void;
  cgroupRead(dirfd: Fd, file: string): string;

  // tty.cc
  openpty(size?: { rows: number; columns: number }): { master: Fd; slave: Fd; name: string };
  getWinsize(fd: Fd): { rows: number; columns: number } | undefined;
  setWinsize(fd: Fd, rows: number, columns: number): void;
  /** tcgetattr(3): struct termios, for restoreTermios. */
  getTermios(fd: Fd): Uint8Array;
  /** cfmakeraw(3); returns the old settings, opaque, for restoreTermios; also restored at any exit or fatal signal but SIGKILL. */
  /** `output`: what is printed is processed as before. */
  makeRaw(fd: Fd, output?: boolean): Uint8Array;
  restoreTermios(fd: Fd, saved: Uint8Array): void;
  isatty(fd: Fd): boolean;

  // socket.cc
  socketpair(type: number): [Fd, Fd];
  /** Connects to a unix stream socket (paths beyond 108 bytes through /proc/self/fd) and sends bytes with SCM_RIGHTS. */
  connectUnix(path: string, type?: number): Fd;
  /** A socket that listens at a path of the file system where nothing is, of mode 0600. */
  listenUnix(path: string, type: number): Fd;
  /** A connection to a SOCK_SEQPACKET socket, and the byte that a word is answered over it; -1: it was hung up. Waits for that. */
  callUnix(path: string, word: string): { socket: Fd; answer: number };
  sendFds(socket: Fd, fds: readonly Fd[], data: Uint8Array | string): void;
  /** Takes up to `max` bytes and the fds that came with them; neither is the end of the stream. */
  recvFds(socket: Fd, max: number): { fds: Fd[]; data: Uint8Array };

  // streams.cc
  /** `input`: none is a stream that has ended. `owner`: of the pipes, a uid of the host. */
  streams(options: { input?: Fd; output: Fd; errors: Fd; owner?: number }): Streams;
  /** A stream that has ended, for who shall have no input. */
  endedPipe(): Fd;

  // netlink.cc: what rtnetlink(7) lists. `netns`: fd of the network namespace to look at, default one's own.
  netlink: {
    /** `master`: index of the bridge that it is a port of, 0 where it is of none. */
    linkList(netns?: Fd): { index: number; name: string; up: boolean; master: number; mtu: number }[];
    addressList(netns?: Fd): {
      index: number;
      family: 4 | 6;
      address: string;
      prefix: number;
      /** Nobody's lease: it does not run out. */
      isPermanent: boolean;
      /** Of scope universe, not of its link alone. */
      isGlobal: boolean;
    }[];
  };

  // bpf.cc
  bpfLoadDevice(program: Uint8Array): Fd;
  bpfAttach(cgroupFd: Fd, programFd: Fd, attachType: number, flags?: number): void;
  bpfDetach(cgroupFd: Fd, programFd: Fd, attachType: number): void;

  // seccomp.cc: libseccomp
  /** Compiles an OCI linux.seccomp object to struct sock_filter bytes; unknown syscall names are ignored as the spec demands. */
  seccompCompile(profile: SeccompInput): { filter: Uint8Array; flags: number; unknown: string[] };
  /** The shortest filter known that answers every call as `filter` does: filter.cc. */
  seccompShrink(filter: Uint8Array): Uint8Array;

  // facts.cc
  /** Effective capabilities of this process and CAP_LAST_CAP. */
  capabilities(): { effective: bigint; permitted: bigint; bounding: bigint; last: number };
  /** pid's start time in clock ticks since boot, field 22 of /proc/PID/stat; undefined when there is no such process. */
  startTime(pid: number): bigint | undefined;
  /** 64-bit FNV-1a as 16 hexadecimal digits, to name a file after a long key; not collision-resistant. */
  fnv1a(data: string | Uint8Array): string;
}
