import { errnoOf, TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import { bad } from '../tar/header.ts';
import { Directories } from './directories.ts';
import type { Limits } from './limits.ts';
import { splitName } from './names.ts';
import { kindOf, statIfAny } from './nodes.ts';

/** As many as the kernel follows. */
const MAX_LINKS = 40;
const MARK = Buffer.from('y');

export const join = (parent: string, base: string): string => (parent === '' ? base : `${parent}/${base}`);

/** The directories of a layer being written: found by path, and made where the archive has no entry for them. */
export class Skeleton {
  /** Directories the archive has no entry for: their metadata belongs to the layer below. */
  readonly implied = new Set<string>();
  readonly #directories: Directories;
  #entries = 0;

  constructor(
    root: number,
    readonly limits: Limits,
    /** The attribute that makes a directory hide what lies below it. */
    readonly opaqueMark: string,
    /** Waits until all files are there that others make: before what would be seen in them. */
    readonly drain: () => void,
  ) {
    this.#directories = new Directories(root, drain);
  }

  /** Whether a directory that is there has this path and no other. */
  isPlain(path: string): boolean {
    return this.#directories.isPlain(path);
  }

  get entries(): number {
    return this.#entries;
  }

  /** How many more there may be. */
  get left(): number {
    return this.limits.entries - this.#entries;
  }

  /** `entries` more, no more than are left. */
  add(entries: number): void {
    this.#entries += entries;
  }

  count(name: string): void {
    if (++this.#entries > this.limits.entries)
      throw new TinyrunError(
        'LAYER_LIMIT',
        `layer holds more than ${this.limits.entries} entries (at ${name})`,
      );
  }

  /** A directory that is there. Throws ENOENT, ENOTDIR or ELOOP. */
  existing(path: string): number {
    return this.#directories.get(path);
  }

  /** The directory an entry goes into. */
  parent(path: string, links = 0): number {
    try {
      return this.#directories.get(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
      return this.#makeParent(path, links, error);
    }
  }

  #makeParent(path: string, links: number, cause: unknown): number {
    const { parent, base } = splitName(path, this.limits.depth);
    const dir = this.parent(parent, links);
    this.count(path);
    const stat = statIfAny(dir, base);
    const kind = stat && kindOf(stat);
    if (kind === 'symlink') return this.parent(this.#linkedPath(dir, base, parent, links), links + 1);
    if (kind === 'other')
      throw new TinyrunError('BAD_LAYER', `layer has entries below ${path}, which is not a directory`, {
        cause,
      });
    this.make(dir, parent, base);
    this.implied.add(path);
    return this.#directories.get(path);
  }

  /** Where a link leads whose target only a lower layer has: as a path of this layer, still to be resolved in it. */
  #linkedPath(dir: number, base: string, parent: string, links: number): string {
    if (links >= MAX_LINKS) throw bad(`too many symbolic links at ${join(parent, base)}`);
    const target = native().readlinkat(dir, base);
    const path = target.startsWith('/') ? target : `${parent}/${target}`;
    const { parent: up, base: last } = splitName(path, this.limits.depth, true);
    return join(up, last);
  }

  /**
   * Makes `base` a directory and answers the fd of the one it is in. One that exists stays with its contents; one in
   * the place of a whiteout hides what the whiteout hid.
   */
  make(dir: number, parent: string, base: string): number {
    try {
      native().mkdirat(dir, base, 0o755);
      return dir;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
    // of its attributes files that are made in it later would have a part
    this.drain();
    const kind = kindOf(native().fstatat(dir, base));
    if (kind === 'directory') return dir;
    this.remove(dir, base);
    const fresh = this.parent(parent);
    native().mkdirat(fresh, base, 0o755);
    if (kind === 'whiteout') this.makeOpaque(fresh, base);
    return fresh;
  }

  /** `base` is '' for `dir` itself. */
  makeOpaque(dir: number, base: string): void {
    native().setxattr(dir, base, this.opaqueMark, MARK);
  }

  /** A path that led through a directory or a link may lead elsewhere afterwards: fds are closed with it. */
  remove(dir: number, base: string): void {
    this.drain();
    const kind = kindOf(native().fstatat(dir, base));
    native().removeTree(dir, base);
    if (kind === 'directory' || kind === 'symlink') this.#directories.forget();
  }

  close(): void {
    this.#directories.forget();
  }
}
