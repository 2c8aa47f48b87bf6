import { errnoOf, TinyrunError } from '../../errors.ts';
import { S_IFCHR, S_ISGID } from '../../native/fcntl.ts';
import { type LayerFiles, native } from '../../native/index.ts';
import { bad, type TarEntry } from '../tar/header.ts';
import type { TarHandler } from '../tar/reader.ts';
import { applyAttributes, type Ownership } from './attributes.ts';
import { FileWriter } from './file.ts';
import { LIMITS, type Limits } from './limits.ts';
import { splitName, whiteoutOf } from './names.ts';
import { isSame, kindOf, makeNode, statIfAny } from './nodes.ts';
import { join, Skeleton } from './skeleton.ts';
import { DirectoryTimes } from './times.ts';

export interface WriterOptions {
  readonly limits?: Limits;
  /** Without root: owners stay, devices are left out, overlay's marks are user.overlay.*. */
  readonly rootless?: boolean;
  /** No hard link to a symbolic link: who decides by its name which link may be there is not to be got round. */
  readonly linkOnlyFiles?: boolean;
  /** `.wh.NAME` is a name like others: this is no layer. */
  readonly plainNames?: boolean;
  /** Takes plain files; its pieces are those that the archive's reader is given. */
  readonly files?: LayerFiles;
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

/**
 * Writes the entries of one layer below a directory fd in overlayfs form (overlayfs.rst): `.wh.NAME` becomes a
 * character device 0:0, `.wh..wh..opq` the opaque mark. Parents are resolved by the kernel inside the layer
 * (directories.ts), the last component is never followed, so no name and no link of a hostile archive leads out.
 * The tree's state after the last entry does not depend on whether whiteouts come before or after their siblings.
 */
export class LayerWriter implements TarHandler {
  readonly #limits: Limits;
  readonly #owner: Ownership;
  readonly #skeleton: Skeleton;
  readonly #times = new DirectoryTimes();
  #file: FileWriter | undefined;
  /** The directory that the last entry made or put a file into, and how the archive writes it. */
  #run: { readonly parent: string; readonly prefix: string } | undefined;
  #bytes = 0;
  #opaqueRoot = false;

  constructor(
    readonly root: number,
    readonly options: WriterOptions = {},
  ) {
    this.#limits = options.limits ?? LIMITS;
    const rootless = options.rootless ?? false;
    const inherits = (native().fstatat(root, '').mode & S_ISGID) !== 0;
    this.#owner = { rootless, umask: process.umask(), always: inherits };
    const mark = rootless ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
    this.#skeleton = new Skeleton(root, this.#limits, mark, () => this.options.files?.drain());
  }

  entry(entry: TarEntry): void {
    this.#run = undefined;
    this.#skeleton.count(entry.name);
    const { parent, base } = splitName(entry.name, this.#limits.depth);
    const whiteout = this.options.plainNames ? undefined : whiteoutOf(base, entry.name);
    if (whiteout === 'skip') return;
    this.#settle(parent, typeof whiteout === 'object' ? whiteout.hides : base);
    if (base === '') this.#rootEntry(entry);
    else if (whiteout === 'opaque') this.#makeOpaque(parent);
    else if (whiteout !== undefined) this.#whiteout(parent, whiteout.hides);
    else this.#create(entry, parent, base);
  }

  /** Waits until no file is still to be made where an entry goes, or on the way there. */
  #settle(parent: string, base: string): void {
    this.options.files?.settle(join(parent, base));
  }

  /** Files that follow each other in a directory, if there is nothing special about them: one call for all of them. */
  takeFiles(input: Buffer, at: number): number {
    const { files } = this.options;
    if (!this.#run || !files) return at;
    const { rootless, umask, always } = this.#owner;
    const { parent, prefix } = this.#run;
    const dir = this.#skeleton.existing(parent);
    if (!this.#skeleton.isPlain(parent)) return at;
    const { end, entries, bytes } = files.take(input.length - at, dir, parent, prefix, {
      chown: !rootless,
      always,
      umask,
      entries: this.#skeleton.left,
      bytes: this.#limits.bytes - this.#bytes,
    });
    this.#skeleton.add(entries);
    this.#bytes += bytes;
    return at + end;
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
    this.options.files?.drain();
    this.#times.apply(this.root);
    this.close();
    return {
      bytes: this.#bytes,
      entries: this.#skeleton.entries,
      implied: [...this.#skeleton.implied],
      opaqueRoot: this.#opaqueRoot,
    };
  }

  /** Closes what is open, after a failure too. */
  close(): void {
    this.#file?.abandon();
    this.#file = undefined;
    this.#skeleton.close();
  }

  /** The archive's `./`: metadata of the layer's root. */
  #rootEntry(entry: TarEntry): void {
    if (entry.type !== 'directory') throw bad(`entry ${JSON.stringify(entry.name)} would replace the root`);
    this.options.files?.drain();
    applyAttributes(this.root, '', entry, this.#owner, true);
    this.#times.note('', entry);
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
      this.#skeleton.remove(this.#skeleton.parent(parent), base);
      make();
    }
  }

  #make(entry: TarEntry, parent: string, base: string): void {
    const dir = this.#skeleton.parent(parent);
    if (entry.type === 'link') this.#hardLink(entry, dir, base);
    else if (entry.type === 'file') {
      this.#file = FileWriter.create(dir, base, entry, this.#owner);
      this.#run = { parent, prefix: entry.name.slice(0, entry.name.lastIndexOf('/') + 1) };
    } else {
      makeNode(dir, base, entry);
      applyAttributes(dir, base, entry, this.#owner, entry.type !== 'symlink');
      native().utimensat(dir, base, entry.atimeNs, entry.mtimeNs);
    }
  }

  /** The target is resolved like every name, inside the layer; a link to a symbolic link links the link itself. */
  #hardLink(entry: TarEntry, dir: number, base: string): void {
    const target = splitName(entry.linkname, this.#limits.depth);
    if (target.base === '') throw bad(`hard link ${entry.name} leads to the root`);
    this.#settle(target.parent, target.base);
    try {
      const from = this.#skeleton.existing(target.parent);
      const of = this.options.linkOnlyFiles ? statIfAny(from, target.base) : undefined;
      if (of && kindOf(of) === 'symlink') throw bad(`hard link ${entry.name} leads to a symbolic link`);
      if (!isSame(from, target.base, dir, base)) native().linkat(from, target.base, dir, base);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EPERM') throw error;
      const message = `hard link ${entry.name}: no file ${entry.linkname} before it in its layer`;
      throw new TinyrunError('BAD_LAYER', message, { cause: error });
    }
  }

  #directory(entry: TarEntry, parent: string, base: string): void {
    const path = join(parent, base);
    const at = this.#skeleton.make(this.#skeleton.parent(parent), parent, base);
    if (entry.mode & S_ISGID) this.#owner.always = true;
    applyAttributes(at, base, entry, this.#owner, true);
    this.#times.note(path, entry);
    this.#skeleton.implied.delete(path);
    this.#run = { parent: path, prefix: entry.name.endsWith('/') ? entry.name : `${entry.name}/` };
  }

  /** Hides `name` of the layers below; what this layer has under that name stays, made opaque if a directory. */
  #whiteout(parent: string, name: string): void {
    const dir = this.#skeleton.parent(parent);
    try {
      native().mknodat(dir, name, S_IFCHR, 0, 0);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      if (kindOf(native().fstatat(dir, name)) === 'directory') this.#skeleton.makeOpaque(dir, name);
    }
  }

  #makeOpaque(path: string): void {
    const dir = this.#skeleton.parent(path);
    if (path === '') this.#opaqueRoot = true;
    this.#skeleton.makeOpaque(dir, '');
  }
}
