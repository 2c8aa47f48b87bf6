import { TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import type { Stat } from '../../native/types.ts';
import { bad, type TarEntry } from '../tar/header.ts';
import type { TarHandler } from '../tar/reader.ts';
import { applyAttributes, type Ownership } from './attributes.ts';
import { Directories } from './directories.ts';
import { errnoOf } from './failure.ts';
import { FileWriter } from './file.ts';
import {
  O_DIRECTORY,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_ISGID,
} from './flags.ts';
import { LIMITS, type Limits } from './limits.ts';
import { splitName, whiteoutOf } from './names.ts';

export interface WriterOptions {
  readonly limits?: Limits;
  /** Without root: owners stay, devices are left out, overlay's marks are user.overlay.*. */
  readonly rootless?: boolean;
}

/** What was written. */
export interface WriterResult {
  /** Bytes of file data. */
  readonly bytes: number;
  readonly entries: number;
  /** Directories the archive has no entry for: their metadata belongs to the layer below. */
  readonly implied: readonly string[];
  /** The layer hides all below it. */
  readonly opaqueRoot: boolean;
}

const MAX_LINKS = 40;

/**
 * Writes the entries of one layer below a directory fd in overlayfs form (overlayfs.rst): `.wh.NAME` becomes a
 * character device 0:0, `.wh..wh..opq` the opaque mark. Parents are resolved by the kernel inside the layer
 * (directories.ts), the last component is never followed, so no name and no link of a hostile archive leads out.
 * The tree's state after the last entry does not depend on whether whiteouts come before or after their siblings.
 */
export class LayerWriter implements TarHandler {
  readonly #directories: Directories;
  readonly #limits: Limits;
  readonly #owner: Ownership;
  readonly #opaqueMark: string;
  /** Directory times are set last: writing into a directory changes them. */
  readonly #times = new Map<string, Times>();
  readonly #implied = new Set<string>();
  #file: FileWriter | undefined;
  #bytes = 0;
  #entries = 0;
  #opaqueRoot = false;

  constructor(
    readonly root: number,
    readonly options: WriterOptions = {},
  ) {
    this.#directories = new Directories(root);
    this.#limits = options.limits ?? LIMITS;
    const rootless = options.rootless ?? false;
    const inherits = (native().fstatat(root, '').mode & S_ISGID) !== 0;
    this.#owner = { rootless, umask: process.umask(), always: inherits };
    this.#opaqueMark = rootless ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
  }

  entry(entry: TarEntry): void {
    this.#count(entry.name);
    const { parent, base } = splitName(entry.name, this.#limits.depth);
    const whiteout = whiteoutOf(base, entry.name);
    if (whiteout === 'skip') return;
    if (base === '') this.#rootEntry(entry);
    else if (whiteout === 'opaque') this.#makeOpaque(parent, this.#parent(parent));
    else if (whiteout !== undefined) this.#whiteout(parent, whiteout.hides);
    else this.#create(entry, parent, base);
  }

  data(bytes: Buffer): void {
    if (!this.#file) return;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#limits.bytes)
      throw new TinyrunError('LAYER_LIMIT', `layer holds more than ${this.#limits.bytes} bytes`);
    this.#file.write(bytes);
  }

  end(): void {
    const file = this.#file;
    this.#file = undefined;
    file?.close();
  }

  /** Sets the times of directories and answers what was written. */
  finish(): WriterResult {
    for (const [path, times] of this.#times) this.#setTimes(path, times);
    this.close();
    return {
      bytes: this.#bytes,
      entries: this.#entries,
      implied: [...this.#implied],
      opaqueRoot: this.#opaqueRoot,
    };
  }

  /** Closes what is open, after a failure too. */
  close(): void {
    this.#file?.abandon();
    this.#file = undefined;
    this.#directories.forget();
  }

  #count(name: string): void {
    if (++this.#entries > this.#limits.entries)
      throw new TinyrunError(
        'LAYER_LIMIT',
        `layer holds more than ${this.#limits.entries} entries (at ${name})`,
      );
  }

  /** The archive's `./`: metadata of the layer's root. */
  #rootEntry(entry: TarEntry): void {
    if (entry.type !== 'directory') throw bad(`entry ${JSON.stringify(entry.name)} would replace the root`);
    applyAttributes(this.root, '', entry, this.#owner, true);
    this.#times.set('', { atimeNs: entry.atimeNs, mtimeNs: entry.mtimeNs });
  }

  #create(entry: TarEntry, parent: string, base: string): void {
    const device = entry.type === 'char' || entry.type === 'block';
    if (device && this.options.rootless) return;
    if (entry.type === 'directory') this.#directory(entry, parent, base);
    else this.#replace(parent, base, () => this.#make(entry, parent, base));
  }

  /** The last entry of a name wins. */
  #replace(parent: string, base: string, make: () => void): void {
    try {
      make();
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      this.#remove(this.#parent(parent), base);
      make();
    }
  }

  #make(entry: TarEntry, parent: string, base: string): void {
    if (entry.type === 'link') this.#hardLink(entry, parent, base);
    else if (entry.type === 'file')
      this.#file = FileWriter.create(this.#parent(parent), base, entry, this.#owner);
    else {
      const dir = this.#parent(parent);
      if (entry.type === 'symlink') native().symlinkat(linkTarget(entry), dir, base);
      else native().mknodat(dir, base, nodeType(entry) | 0o600, entry.devMajor, entry.devMinor);
      applyAttributes(dir, base, entry, this.#owner, entry.type !== 'symlink');
      native().utimensat(dir, base, entry.atimeNs, entry.mtimeNs);
    }
  }

  /** The target is resolved like every name, inside the layer; a link to a symbolic link links the link itself. */
  #hardLink(entry: TarEntry, parent: string, base: string): void {
    const target = splitName(entry.linkname, this.#limits.depth);
    if (target.base === '') throw bad(`hard link ${entry.name} leads to the root`);
    try {
      const from = this.#directories.get(target.parent);
      const to = this.#parent(parent);
      if (this.#isSame(from, target.base, to, base)) return;
      native().linkat(from, target.base, to, base);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EPERM') throw error;
      const message = `hard link ${entry.name}: no file ${entry.linkname} before it in its layer`;
      throw new TinyrunError('BAD_LAYER', message, { cause: error });
    }
  }

  /** A link onto itself: removing the name first would remove the file. */
  #isSame(from: number, source: string, to: number, base: string): boolean {
    if (from !== to && source !== base) return false;
    const other = this.#statIfAny(to, base);
    if (!other) return false;
    const one = native().fstatat(from, source);
    return one.ino === other.ino && one.dev === other.dev;
  }

  #statIfAny(dir: number, base: string): Stat | undefined {
    try {
      return native().fstatat(dir, base);
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  #directory(entry: TarEntry, parent: string, base: string): void {
    const path = join(parent, base);
    const at = this.#makeDirectory(this.#parent(parent), parent, base);
    if (entry.mode & S_ISGID) this.#owner.always = true;
    applyAttributes(at, base, entry, this.#owner, true);
    this.#times.set(path, { atimeNs: entry.atimeNs, mtimeNs: entry.mtimeNs });
    this.#implied.delete(path);
  }

  /** A directory stays with its contents; one in the place of a whiteout hides what the whiteout hid. */
  #makeDirectory(dir: number, parent: string, base: string): number {
    try {
      native().mkdirat(dir, base, 0o755);
      return dir;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    const kind = kindOf(native().fstatat(dir, base));
    if (kind === 'directory') return dir;
    this.#remove(dir, base);
    const fresh = this.#parent(parent);
    native().mkdirat(fresh, base, 0o755);
    if (kind === 'whiteout') native().setxattr(fresh, base, this.#opaqueMark, MARK);
    return fresh;
  }

  /** Hides `name` of the layers below; what this layer has under that name stays, made opaque if a directory. */
  #whiteout(parent: string, name: string): void {
    const dir = this.#parent(parent);
    try {
      native().mknodat(dir, name, S_IFCHR, 0, 0);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      if (kindOf(native().fstatat(dir, name)) === 'directory')
        native().setxattr(dir, name, this.#opaqueMark, MARK);
    }
  }

  #makeOpaque(path: string, dir: number): void {
    if (path === '') this.#opaqueRoot = true;
    native().setxattr(dir, '', this.#opaqueMark, MARK);
  }

  /** A path that led through a directory or a link may lead elsewhere afterwards: fds are closed with it. */
  #remove(dir: number, base: string): void {
    const kind = kindOf(native().fstatat(dir, base));
    native().removeTree(dir, base);
    if (kind === 'directory' || kind === 'symlink') this.#directories.forget();
  }

  /** The directory an entry goes into, made where the archive has no entry for it. */
  #parent(path: string, links = 0): number {
    try {
      return this.#directories.get(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
      return this.#makeParent(path, links, error);
    }
  }

  #makeParent(path: string, links: number, cause: unknown): number {
    const { parent, base } = splitName(path, this.#limits.depth);
    const dir = this.#parent(parent, links);
    this.#count(path);
    const stat = this.#statIfAny(dir, base);
    const kind = stat && kindOf(stat);
    if (kind === 'symlink') return this.#parent(this.#linkedPath(dir, base, parent, links), links + 1);
    if (kind === 'other')
      throw new TinyrunError('BAD_LAYER', `layer has entries below ${path}, which is not a directory`, {
        cause,
      });
    this.#makeDirectory(dir, parent, base);
    this.#implied.add(path);
    return this.#directories.get(path);
  }

  /** Where a link leads whose target only a lower layer has: as a path of this layer, still to be resolved in it. */
  #linkedPath(dir: number, base: string, parent: string, links: number): string {
    if (links >= MAX_LINKS) throw bad(`too many symbolic links at ${join(parent, base)}`);
    const target = native().readlinkat(dir, base);
    const { parent: up, base: last } = splitName(
      target.startsWith('/') ? target : `${parent}/${target}`,
      this.#limits.depth,
      true,
    );
    return join(up, last);
  }

  /** What an archive replaced after its entry has no such directory any more, and needs no times. */
  #setTimes(path: string, times: Times): void {
    if (path === '') {
      native().utimensat(this.root, '', times.atimeNs, times.mtimeNs);
      return;
    }
    const how = { flags: O_PATH | O_DIRECTORY, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
    try {
      const fd = native().openat2(this.root, path, how);
      native().utimensat(fd, '', times.atimeNs, times.mtimeNs);
      native().close(fd);
    } catch (error) {
      if (!REPLACED.includes(errnoOf(error) ?? '')) throw error;
    }
  }
}

interface Times {
  readonly atimeNs: bigint | undefined;
  readonly mtimeNs: bigint;
}

const REPLACED = ['ENOENT', 'ENOTDIR', 'ELOOP'];

type Kind = 'directory' | 'symlink' | 'whiteout' | 'other';

function kindOf(stat: Stat): Kind {
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) return 'directory';
  if (type === S_IFLNK) return 'symlink';
  return type === S_IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0 ? 'whiteout' : 'other';
}

const MARK = Buffer.from('y');
const join = (parent: string, base: string): string => (parent === '' ? base : `${parent}/${base}`);

function nodeType(entry: TarEntry): number {
  if (entry.type === 'char') return S_IFCHR;
  return entry.type === 'block' ? S_IFBLK : S_IFIFO;
}

function linkTarget(entry: TarEntry): string {
  if (entry.linkname === '') throw bad(`symbolic link ${entry.name} has no target`);
  return entry.linkname;
}
