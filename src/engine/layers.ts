import { native } from '../native/index.ts';
import { AT_FDCWD, type Fd } from '../native/types.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH } from '../spec/linux.ts';

// Reads a file of an image whose layers are not mounted yet, as overlayfs would show it: whiteouts, opaque
// directories and symlinks are followed by hand, each name by fd below its own layer, so that nothing of the host
// can be reached. A FIFO never blocks, a giant never fills the memory (CVE-2026-47262).

const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_BENEATH = 0x08;
const S_IFMT = 0o170000;
const S_IFCHR = 0o020000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
/** As many as the kernel follows. */
const MAX_LINKS = 40;
/** An /etc/passwd of ten thousand users is a tenth of it. */
const MAX_BYTES = 4 * 2 ** 20;

const accounts = new Map<string, string | undefined>();

/** `readFromLayers`, remembered: unpacked layers never change. For small files that every container asks for. */
export function accountsFile(layers: readonly string[], path: string): string | undefined {
  const key = [path, ...layers].join('\0');
  if (accounts.has(key)) return accounts.get(key);
  const text = readFromLayers(layers, path);
  // a program that runs ever other images must not grow
  if (accounts.size > 64) accounts.clear();
  accounts.set(key, text);
  return text;
}

type Found = { kind: 'dir'; dirs: Fd[] } | { kind: 'link'; target: string } | { kind: 'file'; fd: Fd };

/**
 * The text of a regular file in the merged layers (top first); undefined when it is missing, is no regular file or
 * is larger than 4 MiB.
 */
export function readFromLayers(layers: readonly string[], path: string): string | undefined {
  const opened: Fd[] = [];
  try {
    const roots = layers.map((layer) => keep(opened, openDirectory(layer)));
    const fd = walk(roots, path, opened);
    return fd === undefined ? undefined : readRegular(fd);
  } finally {
    for (const fd of opened) native().close(fd);
  }
}

const keep = (opened: Fd[], fd: Fd) => {
  opened.push(fd);
  return fd;
};

const openDirectory = (path: string) => native().openat2(AT_FDCWD, path, { flags: O_PATH | O_DIRECTORY });

function walk(roots: readonly Fd[], path: string, opened: Fd[]): Fd | undefined {
  let stack: (readonly Fd[])[] = [roots];
  const names = path.split('/').filter(Boolean);
  for (let links = 0; names.length > 0; ) {
    const name = names.shift();
    if (name === undefined || name === '.') continue;
    if (name === '..') {
      if (stack.length > 1) stack.pop();
      continue;
    }
    const found = lookUp(stack.at(-1) ?? roots, name, opened);
    if (found === undefined) return undefined;
    if (found.kind === 'file') return names.length === 0 ? found.fd : undefined;
    if (found.kind === 'dir') {
      stack.push(found.dirs);
      continue;
    }
    // a container has a directory of its own there: see plainPaths of hostfiles.ts
    if (stack.length === 1 && name === 'etc') return undefined;
    if (++links > MAX_LINKS) return undefined;
    if (found.target.startsWith('/')) stack = [roots];
    names.unshift(...found.target.split('/').filter(Boolean));
  }
  return undefined;
}

/** One name in a merged directory: the first layer that has it decides, directories go on merging below. */
function lookUp(dirs: readonly Fd[], name: string, opened: Fd[]): Found | undefined {
  const merged: Fd[] = [];
  for (const dir of dirs) {
    const fd = openEntry(dir, name, opened);
    if (fd === undefined) continue;
    const { mode, rdevMajor, rdevMinor } = native().fstatat(fd, '');
    const type = mode & S_IFMT;
    const whiteout = type === S_IFCHR && rdevMajor === 0 && rdevMinor === 0;
    if (merged.length > 0 && type !== S_IFDIR) break;
    if (whiteout) return undefined;
    if (type === S_IFLNK) return { kind: 'link', target: native().readlinkat(fd, '') };
    if (type !== S_IFDIR) {
      // opening a device may do things, and a FIFO may wait: neither is a file to read
      const file = type === S_IFREG ? openForReading(dir, name, opened) : undefined;
      return file === undefined ? undefined : { kind: 'file', fd: file };
    }
    merged.push(fd);
    if (isOpaque(fd)) break;
  }
  return merged.length > 0 ? { kind: 'dir', dirs: merged } : undefined;
}

function openEntry(dir: Fd, name: string, opened: Fd[]): Fd | undefined {
  return tryOpen(dir, name, O_PATH | O_NOFOLLOW, opened);
}

function openForReading(dir: Fd, name: string, opened: Fd[]): Fd | undefined {
  return tryOpen(dir, name, O_NONBLOCK | O_NOFOLLOW, opened);
}

function tryOpen(dir: Fd, name: string, flags: number, opened: Fd[]): Fd | undefined {
  try {
    const how = { flags, resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    return keep(opened, native().openat2(dir, name, how));
  } catch {
    return undefined;
  }
}

/** The mark that our mounts go by: user.overlay.opaque is for those with userxattr (overlayfs.rst). */
const isOpaque = (fd: Fd): boolean =>
  native().getxattr(fd, '', 'trusted.overlay.opaque')?.[0] === 'y'.charCodeAt(0);

function readRegular(fd: Fd): string | undefined {
  const { mode, size } = native().fstatat(fd, '');
  if ((mode & S_IFMT) !== S_IFREG || size > MAX_BYTES) return undefined;
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const chunk = native().read(fd, size - done);
    if (chunk.length === 0) break;
    bytes.set(chunk, done);
    done += chunk.length;
  }
  return bytes.toString('utf8', 0, done);
}
