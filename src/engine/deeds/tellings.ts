import { constants, type PathLike } from 'node:fs';
import { resolve } from 'node:path';
import { AT_FDCWD } from '../../native/fcntl.ts';
import type { NativeAddon } from '../../native/types.ts';
import { removeTree } from '../../plan/calls/compound.ts';
import { octal, quote } from '../../plan/calls/format.ts';
import { signalName } from '../../spec/linux.ts';
import { join } from '../../store/join.ts';
import { realFs } from './real.ts';

// How each call that changes the system is told: what it asks the kernel for, and of which file. Undefined: it changes nothing.

/** What is known of the system when a call is about to be made. */
export interface Eyes {
  has(path: string): boolean;
  isDirectory(path: string): boolean;
  pathOf(fd: number): string;
  /** The process behind a pidfd. */
  pidOf(pidfd: number): number | undefined;
}

export interface Telling {
  readonly syscall: string;
  /** What it is done to: what that is for tells why. */
  readonly place: string;
  /** It writes this file: what else is written to it belongs to that. */
  readonly file?: string;
  /** It was this file. */
  readonly from?: string;
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the function takes
type Tell = (eyes: Eyes, ...args: any[]) => Telling | undefined;

/** Before a path on a mount that is not among this process's: a container's, or one that is attached nowhere. */
const IN_ROOT = '/in_root';

/** As plans have it. */
export const inRoot = (text: string): string => text.replaceAll(/"\/in_root(\/[^"]*)"/g, 'in_root("$1")');

let mounts = new Set<string>();

function isOurs(fd: number): boolean {
  const mount = /^mnt_id:\s*(\d+)$/m.exec(realFs.readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
  if (mount === undefined || mounts.has(mount)) return true;
  const lines = realFs.readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
  mounts = new Set(lines.map((line) => line.split(' ')[0] ?? ''));
  return mounts.has(mount);
}

/** Where a descriptor of this process leads. */
export function fdPath(fd: number): string {
  try {
    const path = realFs.readlinkSync(`/proc/self/fd/${fd}`);
    return path.startsWith('/') && !isOurs(fd) ? `${IN_ROOT}${path}` : path;
  } catch {
    return `/proc/self/fd/${fd}`;
  }
}

/** The process behind a pidfd (proc(5), fdinfo). */
export function pidOf(pidfd: number): number | undefined {
  try {
    const pid = /^Pid:\s+(\d+)$/m.exec(realFs.readFileSync(`/proc/self/fdinfo/${pidfd}`, 'utf8'))?.[1];
    return pid === undefined ? undefined : Number(pid);
  } catch {
    return undefined;
  }
}

export const absolute = (path: PathLike | Uint8Array): string =>
  resolve(typeof path === 'string' ? path : Buffer.from(path as Uint8Array).toString());

/** Of a call with a directory's descriptor. */
export function placeAt(eyes: Pick<Eyes, 'pathOf'>, dirfd: number, path: string | Uint8Array): string {
  const name = typeof path === 'string' ? path : Buffer.from(path).toString();
  if (dirfd === AT_FDCWD) return resolve(name);
  return name === '' ? eyes.pathOf(dirfd) : join(eyes.pathOf(dirfd), name);
}

/** 1 and 2 are what the command answers; pipes, sockets and memory are nobody else's. */
export const isOwn = (path: string): boolean =>
  /^(?:pipe|socket|anon_inode):|^\/memfd:|^\/dev\/(?:null|pts\/|tty|ptmx)| \(deleted\)$/.test(path);

/** The number of what node calls `wx` and `r+`. */
export function openFlags(given: string | number | undefined): number {
  if (typeof given === 'number') return given;
  const { O_RDONLY, O_RDWR, O_WRONLY, O_CREAT, O_TRUNC, O_EXCL, O_APPEND } = constants;
  const text = given ?? 'r';
  const both = text.includes('+');
  const access = both ? O_RDWR : text.startsWith('r') ? O_RDONLY : O_WRONLY;
  const how = text.startsWith('w') ? O_CREAT | O_TRUNC : text.startsWith('a') ? O_CREAT | O_APPEND : 0;
  return access | how | (text.includes('x') ? O_EXCL : 0);
}

/** Whether a file comes to be by opening it so, or loses what is in it. */
export const makesFile = (flags: number): boolean =>
  (flags & (constants.O_CREAT | constants.O_TRUNC | O_TMPFILE)) !== 0;

/** open(2), without the O_DIRECTORY that goes with it: node has no name for it. */
const O_TMPFILE = 0o20000000;

function flagNames(flags: number): string {
  const { O_APPEND, O_CREAT, O_EXCL, O_TRUNC } = constants;
  const named = { O_APPEND, O_CREAT, O_EXCL, O_TRUNC };
  const names = Object.entries(named).filter(([, bits]) => flags & bits);
  return [flags & 3 ? (flags & 2 ? 'O_RDWR' : 'O_WRONLY') : 'O_RDONLY', ...names.map(([name]) => name)].join(
    '|',
  );
}

const modeOf = (options: unknown, otherwise: number): number => {
  const mode =
    typeof options === 'object' ? (options as { mode?: number } | null)?.mode : (options as number);
  return typeof mode === 'number' ? mode : otherwise;
};

const at = (call: string, place: string): Telling => ({ syscall: `${call}(${quote(place)})`, place });
const written = (place: string): Telling => ({ ...at('write', place), file: place });
const fdWritten: Tell = (eyes, fd) => {
  const place = eyes.pathOf(fd);
  return fd <= 2 || isOwn(place) ? undefined : written(place);
};
const tree = (eyes: Eyes, place: string): Telling | undefined =>
  place.startsWith(IN_ROOT) || eyes.isDirectory(place)
    ? { syscall: removeTree(place), place }
    : eyes.has(place)
      ? at('unlink', place)
      : undefined;
const whole: Tell = (_eyes, path, _data, options) => {
  if (typeof path === 'number') return fdWritten(_eyes, path);
  const place = absolute(path);
  return { syscall: `write(${quote(place)}, ${octal(modeOf(options, 0o666))})`, place, file: place };
};

function opened(eyes: Eyes, place: string, flags: number, mode: number): Telling | undefined {
  const { O_CREAT, O_TRUNC, O_APPEND } = constants;
  const isChange = (flags & O_CREAT && (!eyes.has(place) || flags & O_APPEND)) || flags & O_TRUNC;
  if (!isChange || isOwn(place)) return undefined;
  const how = `${flagNames(flags)}${flags & O_CREAT ? `, ${octal(mode)}` : ''}`;
  return { syscall: `open(${quote(place)}, ${how})`, place, file: place };
}

/** Of node:fs. */
export const FILES: Readonly<Record<string, Tell>> = {
  mkdirSync(eyes, path, options) {
    const place = absolute(path);
    if (options?.recursive && eyes.has(place)) return undefined;
    const more = options?.recursive && !eyes.has(join(place, '..')) ? ' and what leads to it' : '';
    return { syscall: `mkdir(${quote(place)}, ${octal(modeOf(options, 0o777))})${more}`, place };
  },
  mkdtempSync: (_eyes, prefix) => ({
    syscall: `mkdir("${absolute(prefix)}XXXXXX", 0700)`,
    place: absolute(prefix),
  }),
  rmdirSync: (_eyes, path) => at('rmdir', absolute(path)),
  unlinkSync: (_eyes, path) => at('unlink', absolute(path)),
  rmSync(eyes, path, options) {
    const place = absolute(path);
    if (!eyes.has(place)) return undefined;
    return options?.recursive ? tree(eyes, place) : at('unlink', place);
  },
  renameSync(_eyes, from, to) {
    const [source, place] = [absolute(from), absolute(to)];
    return { syscall: `rename(${quote(source)}, ${quote(place)})`, place, file: place, from: source };
  },
  symlinkSync: (_eyes, target, path) => ({
    syscall: `symlink(${quote(String(target))}, ${quote(absolute(path))})`,
    place: absolute(path),
  }),
  linkSync: (_eyes, from, path) => ({
    syscall: `link(${quote(absolute(from))}, ${quote(absolute(path))})`,
    place: absolute(path),
  }),
  openSync: (eyes, path, given, mode) => opened(eyes, absolute(path), openFlags(given), modeOf(mode, 0o666)),
  writeSync: fdWritten,
  writevSync: fdWritten,
  writeFileSync: whole,
  appendFileSync: whole,
  truncateSync: (_eyes, path) => ({ ...at('truncate', absolute(path)), file: absolute(path) }),
  ftruncateSync(eyes, fd, size = 0) {
    const place = eyes.pathOf(fd);
    return isOwn(place) ? undefined : { syscall: `ftruncate(${quote(place)}, ${size})`, place, file: place };
  },
  chmodSync: (_eyes, path, mode) => ({
    syscall: `chmod(${quote(absolute(path))}, ${octal(mode)})`,
    place: absolute(path),
    file: absolute(path),
  }),
  fchmodSync(eyes, fd, mode) {
    const place = eyes.pathOf(fd);
    return { syscall: `chmod(${quote(place)}, ${octal(mode)})`, place, file: place };
  },
  chownSync: (_eyes, path, uid, gid) => ({
    syscall: `chown(${quote(absolute(path))}, ${uid}, ${gid})`,
    place: absolute(path),
  }),
};

/** What else of node:fs changes nothing: a rehearsal has node do it, and refuses all that is in no list. */
export const OTHER_FILES: readonly string[] =
  `realpathSync realpath access exists stat lstat fstat statfs statfsSync readdir readlink opendir opendirSync read readv readvSync
  close closeSync unwatchFile`.split(/\s+/);

type Native = { readonly [N in keyof NativeAddon]?: Tell };

const made =
  (call: string): Tell =>
  (eyes, dirfd, path, mode) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `${call}(${quote(place)}, ${octal(mode)})`, place };
  };
const changed =
  (call: string): Tell =>
  (eyes, dirfd, path) =>
    at(call, placeAt(eyes, dirfd, path));

/** Of the addon. Plans and messages are told by who runs and sends them (stand-in-addon.ts, witness.ts). */
export const ADDON: Native = {
  removeTree: (eyes, dirfd, path) => tree(eyes, placeAt(eyes, dirfd, path)),
  mkdirat: made('mkdir'),
  createFile: (eyes, dirfd, path, mode) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `open(${quote(place)}, O_WRONLY|O_CREAT|O_EXCL, ${octal(mode)})`, place, file: place };
  },
  openat2: (eyes, dirfd, path, { flags, mode = 0 }) =>
    makesFile(flags) ? opened(eyes, placeAt(eyes, dirfd, path), flags, mode) : undefined,
  listenUnix: (_eyes, path) => at('bind', path),
  mknodat: made('mknod'),
  symlinkat: (eyes, target, dirfd, path) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `symlink(${quote(Buffer.from(target).toString())}, ${quote(place)})`, place };
  },
  linkat: (eyes, fromFd, from, dirfd, path) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `link(${quote(placeAt(eyes, fromFd, from))}, ${quote(place)})`, place };
  },
  unlinkat: (eyes, dirfd, path, flags = 0) => at(flags ? 'rmdir' : 'unlink', placeAt(eyes, dirfd, path)),
  renameat2: (eyes, fromFd, from, dirfd, path) => {
    const [source, place] = [placeAt(eyes, fromFd, from), placeAt(eyes, dirfd, path)];
    return { syscall: `rename(${quote(source)}, ${quote(place)})`, place, file: place, from: source };
  },
  fchownat: (eyes, dirfd, path, uid, gid) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `chown(${quote(place)}, ${uid}, ${gid})`, place, file: place };
  },
  fchmodat: (eyes, dirfd, path, mode) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `chmod(${quote(place)}, ${octal(mode)})`, place, file: place };
  },
  utimensat: (eyes, dirfd, path) => {
    const place = placeAt(eyes, dirfd, path);
    return { ...at('utimensat', place), file: place };
  },
  setxattr: (eyes, dirfd, path, name) => {
    const place = placeAt(eyes, dirfd, path);
    return { syscall: `setxattr(${quote(place)}, ${quote(name)})`, place, file: place };
  },
  removexattr: changed('removexattr'),
  write: fdWritten,
  pwrite: fdWritten,
  ftruncate: (eyes, fd, size) => FILES.ftruncateSync?.(eyes, fd, size),
  fallocate: fdWritten,
  cgroupWrite: (eyes, dirfd, file, value) => {
    const place = placeAt(eyes, dirfd, file);
    return { syscall: `write(${quote(place)}, ${quote(value)})`, place };
  },
  pidfdSendSignal: (eyes, pidfd, signal) =>
    signal === 0
      ? undefined
      : {
          syscall: `pidfd_send_signal(pidfd_open(${eyes.pidOf(pidfd) ?? 'PID'}), ${signalName(signal)})`,
          place: `pid ${eyes.pidOf(pidfd)}`,
        },
};
