import { errnoOf } from '../errors.ts';
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

// Reads a file of an image whose layers are not mounted yet, as overlayfs would show it: whiteouts, opaque
// directories and symlinks are followed by hand, each name by fd below its own layer, so that nothing of the host
// can be reached. A FIFO never blocks, a giant never fills the memory (CVE-2026-47262).

/** As many as the kernel follows. */
const MAX_LINKS = 40;
/** Names on the way, those of links and of ways back included. */
const MAX_STEPS = 256;
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

type Found =
  | { kind: 'dir'; dirs: readonly Fd[] }
  | { kind: 'link'; target: string }
  | { kind: 'file'; fd: Fd };

/**
 * The text of a regular file in the merged layers (top first); undefined when it is missing, is no regular file, is
 * larger than 4 MiB, or lies behind more links and names than an honest image has.
 */
export function readFromLayers(layers: readonly string[], path: string): string | undefined {
  const roots: Fd[] = [];
  try {
    for (const layer of layers)
      roots.push(native().openat2(AT_FDCWD, layer, { flags: O_PATH | O_DIRECTORY }));
    return new Walk(roots).read(path);
  } finally {
    closeAll(roots);
  }
}

function closeAll(fds: readonly Fd[]): void {
  for (const fd of fds) native().close(fd);
}

/** Holds the layers' directories at one place at a time: what a path passes through is closed behind it. */
class Walk {
  /** Of the merged directory reached, top layer first. */
  #dirs: readonly Fd[];
  /** Its path, without links: the way back for `..`. */
  #trail: string[] = [];
  #links = 0;
  #steps = 0;
  constructor(readonly roots: readonly Fd[]) {
    this.#dirs = roots;
  }

  read(path: string): string | undefined {
    try {
      return this.#follow(path.split('/').filter(Boolean));
    } finally {
      this.#move(this.roots);
    }
  }

  #follow(names: string[]): string | undefined {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (++this.#steps > MAX_STEPS) return undefined;
      if (name === '.') continue;
      if (name === '..') {
        if (!this.#back()) return undefined;
        continue;
      }
      const found = lookUp(this.#dirs, name);
      if (found === undefined) return undefined;
      if (found.kind === 'file') return readAndClose(found.fd, names.length === 0);
      if (found.kind === 'dir') this.#enter(name, found.dirs);
      // a container has a directory of its own there: see plainPaths of hostfiles.ts
      else if (this.#trail.length === 0 && name === 'etc') return undefined;
      else if (++this.#links > MAX_LINKS) return undefined;
      else {
        if (found.target.startsWith('/')) this.#restart();
        names.unshift(...found.target.split('/', MAX_STEPS).filter(Boolean));
      }
    }
    return undefined;
  }

  #enter(name: string, dirs: readonly Fd[]): void {
    this.#trail.push(name);
    this.#move(dirs);
  }

  #restart(): void {
    this.#trail = [];
    this.#move(this.roots);
  }

  /** From the root down again: the directories above are closed. */
  #back(): boolean {
    const trail = this.#trail.slice(0, -1);
    this.#restart();
    for (const name of trail) {
      const found = ++this.#steps > MAX_STEPS ? undefined : lookUp(this.#dirs, name);
      if (found?.kind !== 'dir') return false;
      this.#enter(name, found.dirs);
    }
    return true;
  }

  #move(dirs: readonly Fd[]): void {
    if (this.#dirs !== this.roots) closeAll(this.#dirs);
    this.#dirs = dirs;
  }
}

/** One name in a merged directory: the first layer that has it decides, directories go on merging below. */
function lookUp(dirs: readonly Fd[], name: string): Found | undefined {
  const merged: Fd[] = [];
  try {
    return merge(dirs, name, merged);
  } catch (error) {
    closeAll(merged);
    throw error;
  }
}

/** `merged` gets the directories of that name, as they are opened. */
function merge(dirs: readonly Fd[], name: string, merged: Fd[]): Found | undefined {
  for (const dir of dirs) {
    const fd = tryOpen(dir, name, O_PATH | O_NOFOLLOW);
    if (fd === undefined) continue;
    const { mode, rdevMajor, rdevMinor } = native().fstatat(fd, '');
    const type = mode & S_IFMT;
    if (type === S_IFDIR) {
      merged.push(fd);
      if (isOpaque(fd)) break;
      continue;
    }
    try {
      if (merged.length > 0 || (type === S_IFCHR && rdevMajor === 0 && rdevMinor === 0)) break;
      if (type === S_IFLNK) return { kind: 'link', target: native().readlinkat(fd, '') };
      // opening a device may do things, and a FIFO may wait: neither is a file to read
      const file = type === S_IFREG ? tryOpen(dir, name, O_NONBLOCK | O_NOFOLLOW) : undefined;
      return file === undefined ? undefined : { kind: 'file', fd: file };
    } finally {
      native().close(fd);
    }
  }
  return merged.length > 0 ? { kind: 'dir', dirs: merged } : undefined;
}

/** The host's trouble: taken for a missing file, it would make another user of a container's. */
const OUT_OF = ['EMFILE', 'ENFILE', 'ENOMEM'];

function tryOpen(dir: Fd, name: string, flags: number): Fd | undefined {
  try {
    const how = { flags, resolve: RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    return native().openat2(dir, name, how);
  } catch (error) {
    if (OUT_OF.includes(errnoOf(error) ?? '')) throw error;
    return undefined;
  }
}

/** The mark that our mounts go by: user.overlay.opaque is for those with userxattr (overlayfs.rst). */
const isOpaque = (fd: Fd): boolean =>
  native().getxattr(fd, '', 'trusted.overlay.opaque')?.[0] === 'y'.charCodeAt(0);

function readAndClose(fd: Fd, isWanted: boolean): string | undefined {
  try {
    return isWanted ? readRegular(fd) : undefined;
  } finally {
    native().close(fd);
  }
}

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
