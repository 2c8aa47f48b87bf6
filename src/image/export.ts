import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import type { Fd, Stat } from '../native/types.ts';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_RDONLY,
} from '../spec/linux.ts';
import { checkDepth } from './depth.ts';
import type { EntryType, TarEntry } from './tar/header.ts';
import { END, encodeEntry, padding } from './tar/write.ts';
import { statIfAny } from './unpack/nodes.ts';

const PIECE = 1 << 20;

/**
 * The merged tree of overlay layers (top first) as an archive, read through a mount that is attached nowhere: nobody
 * else sees it, and it ends with its fd.
 */
export async function* exportTree(layers: readonly string[]): AsyncGenerator<Buffer> {
  const root = mountMerged(layers);
  try {
    yield* new TreeWriter({}).directory(root, '');
    yield END;
  } finally {
    native().close(root);
  }
}

/** A name in a directory and what is below it, under another name; of '' the directory itself, of the name '' what is in it. */
export function* archiveOf(dir: Fd, base: string, name: string, adapt?: Adapt): Generator<Buffer> {
  const writer = new TreeWriter({ live: true, adapt });
  if (base !== '') yield* writer.entry(dir, base, name);
  else if (name !== '') yield* writer.entry(dir, '', name);
  else yield* writer.directory(dir, '');
  yield END;
}

/** Changes an entry on its way into an archive. */
export type Adapt = (entry: TarEntry) => TarEntry;

/** The merged tree (no fewer than two layers), read-only, by an fd that can be read; it ends with that. */
export const mountMerged = (layers: readonly string[]): Fd =>
  mountOverlay({ lowerdir: layers.join(':') }, MOUNT_ATTR_RDONLY);

/** The same with a layer on top that is written to. */
export const mountWritable = (layers: readonly string[], top: { upper: string; work: string }): Fd =>
  mountOverlay({ lowerdir: layers.join(':'), upperdir: top.upper, workdir: top.work }, 0);

function mountOverlay(options: Readonly<Record<string, string>>, attributes: number): Fd {
  const context = native().fsopen('overlay', FSOPEN_CLOEXEC);
  try {
    for (const [key, value] of Object.entries(options))
      native().fsconfig(context, FSCONFIG_SET_STRING, key, value);
    native().fsconfig(context, FSCONFIG_CMD_CREATE);
    const mount = native().fsmount(context, FSMOUNT_CLOEXEC, attributes);
    try {
      // fsmount(2) answers an O_PATH fd, which cannot be read.
      return native().openat2(mount, '.', { flags: O_DIRECTORY });
    } finally {
      native().close(mount);
    }
  } finally {
    native().close(context);
  }
}

const TYPES = new Map<number, EntryType>([
  [S_IFREG, 'file'],
  [S_IFDIR, 'directory'],
  [S_IFLNK, 'symlink'],
  [S_IFCHR, 'char'],
  [S_IFBLK, 'block'],
  [S_IFIFO, 'fifo'],
]);

/** proc, sysfs, cgroup, cgroup2, devpts, mqueue (linux/magic.h): what is there are no files to keep. */
const OF_THE_KERNEL: ReadonlySet<number> = new Set([
  0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x1cd1, 0x19800202,
]);

/** Writes entries of an archive, read by fd. */
export class TreeWriter {
  /** First name of each file with several. */
  readonly #links = new Map<string, string>();

  /** `live`: programs go on changing the tree meanwhile, and the kernel's own file systems are in it. */
  constructor(readonly how: { readonly live?: boolean; readonly adapt?: Adapt | undefined }) {}

  *directory(fd: number, path: string): Generator<Buffer> {
    const entries = native().readdir(fd);
    for (const name of entries.map((entry) => entry.name).sort())
      yield* this.entry(fd, name, `${path}${name}`);
  }

  /** `name` '': the directory itself. */
  *entry(dir: number, name: string, path: string): Generator<Buffer> {
    const stat = statIfAny(dir, name);
    // a whiteout of what no layer below has: overlayfs lists it, and has no such file
    if (!stat) return;
    yield* this.node(dir, name, path, stat);
    if ((stat.mode & S_IFMT) === S_IFDIR) yield* this.#below(dir, name, `${path}/`);
  }

  /** One name alone, without what is in it. */
  *node(dir: number, name: string, path: string, stat: Stat): Generator<Buffer> {
    const type = TYPES.get(stat.mode & S_IFMT);
    if (type === undefined) return; // A socket: no archive has them.
    const inode = `${stat.dev}:${stat.ino}`;
    const linked = stat.nlink > 1 && type !== 'directory' ? this.#links.get(inode) : undefined;
    if (linked !== undefined) {
      yield this.#encode({ ...header(dir, name, path, stat, 'link'), linkname: linked });
      return;
    }
    if (stat.nlink > 1) this.#links.set(inode, path);
    yield this.#encode(header(dir, name, path, stat, type));
    if (type === 'file') yield* content(dir, name, stat.size);
  }

  #encode(entry: TarEntry): Buffer {
    return encodeEntry(this.how.adapt?.(entry) ?? entry);
  }

  *#below(dir: number, name: string, path: string): Generator<Buffer> {
    checkDepth(path);
    const fd = native().openat2(dir, name || '.', { flags: O_DIRECTORY | O_NOFOLLOW });
    try {
      if (!this.how.live || !OF_THE_KERNEL.has(native().statfsType(fd))) yield* this.directory(fd, path);
    } finally {
      native().close(fd);
    }
  }
}

function header(dir: number, name: string, path: string, stat: Stat, type: EntryType): TarEntry {
  const { uid, gid, mtimeNs, rdevMajor: devMajor, rdevMinor: devMinor } = stat;
  return {
    type,
    name: type === 'directory' ? `${path}/` : path,
    linkname: type === 'symlink' ? native().readlinkat(dir, name) : '',
    mode: stat.mode & 0o7777,
    uid,
    gid,
    size: type === 'file' ? stat.size : 0,
    mtimeNs,
    devMajor,
    devMinor,
    xattrs: type === 'link' ? new Map() : xattrs(dir, name),
  };
}

function xattrs(dir: number, name: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const key of native().listxattr(dir, name)) {
    const value = native().getxattr(dir, name, key);
    if (value !== undefined) found.set(key, Buffer.from(value));
  }
  return found;
}

/** What was looked at is what is opened: where programs swap names, no FIFO waits, and no device is opened. */
function openFile(dir: Fd, name: string): Fd {
  const seen = native().openat2(dir, name, { flags: O_PATH | O_NOFOLLOW });
  try {
    if ((native().fstatat(seen, '').mode & S_IFMT) !== S_IFREG)
      throw new Error(`${name} became another thing while it was read`);
    return native().openat2(AT_FDCWD, `/proc/self/fd/${seen}`, { flags: 0 });
  } finally {
    native().close(seen);
  }
}

function* content(dir: number, name: string, size: number): Generator<Buffer> {
  const fd = openFile(dir, name);
  try {
    for (let left = size; left > 0; ) {
      const piece = native().read(fd, Math.min(PIECE, left));
      if (piece.length === 0) throw new Error(`${name} became shorter while it was read`);
      left -= piece.length;
      yield Buffer.from(piece.buffer, piece.byteOffset, piece.length);
    }
  } finally {
    native().close(fd);
  }
  yield padding(size);
}
