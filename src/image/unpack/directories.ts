import { errnoOf } from '../../errors.ts';
import {
  O_DIRECTORY,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';

const CAPACITY = 128;

/**
 * Directories of a layer by path, as O_PATH fds. Every path is resolved by the kernel with RESOLVE_IN_ROOT: a
 * symbolic link, however it points, ends inside the layer. Entries of one directory follow each other in an
 * archive, so that nearly each is a hit.
 */
export class Directories {
  #open = new Map<string, number>();
  #last = { path: '', fd: -1 };
  /** Paths of open ones that lead through a symbolic link. */
  readonly #linked = new Set<string>();

  constructor(
    readonly root: number,
    /** Called before a path is gone that leads through a symbolic link: it may be any other by another name. */
    readonly onLink: () => void = () => undefined,
  ) {}

  /** Whether a path that get() has answered leads through no link: then it is the directory's only one. */
  isPlain(path: string): boolean {
    return !this.#linked.has(path);
  }

  /** Throws ENOENT, ENOTDIR or ELOOP as openat2(2) does. The fd belongs to the cache. */
  get(path: string): number {
    if (path === '') return this.root;
    if (!this.isPlain(path)) this.onLink();
    if (path === this.#last.path) return this.#last.fd;
    const fd = this.#reuse(path) ?? this.#resolve(path);
    this.#last = { path, fd };
    return fd;
  }

  /** The used one goes to the end: what was asked for before the next is still open after it, as a link needs. */
  #reuse(path: string): number | undefined {
    const fd = this.#open.get(path);
    if (fd === undefined) return undefined;
    this.#open.delete(path);
    this.#open.set(path, fd);
    return fd;
  }

  #resolve(path: string): number {
    const fd = this.#plain(path) ?? this.#through(path);
    if (this.#open.size >= CAPACITY) this.#evict();
    this.#open.set(path, fd);
    return fd;
  }

  #plain(path: string): number | undefined {
    try {
      return open(this.root, path, RESOLVE_NO_SYMLINKS);
    } catch (error) {
      if (errnoOf(error) === 'ELOOP') return undefined;
      throw error;
    }
  }

  #through(path: string): number {
    this.onLink();
    const fd = open(this.root, path, RESOLVE_NO_MAGICLINKS);
    this.#linked.add(path);
    return fd;
  }

  #evict(): void {
    const oldest = this.#open.entries().next().value;
    if (!oldest) return;
    this.#open.delete(oldest[0]);
    this.#linked.delete(oldest[0]);
    native().close(oldest[1]);
  }

  /** After something was replaced: a path may now lead elsewhere. */
  forget(): void {
    for (const fd of this.#open.values()) native().close(fd);
    this.#open.clear();
    this.#linked.clear();
    this.#last = { path: '', fd: -1 };
  }
}

const open = (root: number, path: string, resolve: number): number =>
  native().openat2(root, path, { flags: O_PATH | O_DIRECTORY, resolve: RESOLVE_IN_ROOT | resolve });
