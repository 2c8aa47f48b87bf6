import { readFileSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../../errors.ts';
import type { TarEntry } from '../../image/tar/header.ts';
import { type TarHandler, TarReader } from '../../image/tar/reader.ts';
import { Directories } from '../../image/unpack/directories.ts';
import { splitName } from '../../image/unpack/names.ts';
import { kindOf, statIfAny } from '../../image/unpack/nodes.ts';
import { LayerWriter } from '../../image/unpack/writer.ts';
import { O_NOFOLLOW, O_PATH } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { Fd } from '../../native/types.ts';

/** Changes an entry on its way, or leaves it out. */
export type Adapt = (entry: TarEntry) => TarEntry | undefined;

/** What people copy is as large as it is. */
const LIMITS = {
  bytes: Number.MAX_SAFE_INTEGER,
  entries: Number.MAX_SAFE_INTEGER,
  depth: 2048,
  ratio: Number.MAX_SAFE_INTEGER,
  ratioFloor: Number.MAX_SAFE_INTEGER,
};

/**
 * Writes an archive below a directory as the writer of layers does: by fd, no link followed at the end of a name, none out
 * of the directory before. A directory and what is none do not take each other's place, as with Docker.
 */
export class CopyWriter implements TarHandler {
  readonly #reader = new TarReader(this);
  readonly #writer: LayerWriter;
  readonly #directories: Directories;
  readonly #left = new Set<string>();
  #isLeft = false;

  constructor(
    root: Fd,
    readonly adapt: Adapt,
  ) {
    this.#writer = new LayerWriter(root, { limits: LIMITS, plainNames: true });
    this.#directories = new Directories(root);
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
  }

  finish(): void {
    this.#reader.finish();
    this.#writer.finish();
  }

  close(): void {
    this.#writer.close();
    this.#directories.forget();
  }

  entry(given: TarEntry): void {
    const entry = this.#left.has(given.linkname) && given.type === 'link' ? undefined : this.adapt(given);
    this.#isLeft = entry === undefined;
    if (!entry) return void this.#left.add(given.name);
    this.#check(entry);
    this.#writer.entry(entry);
  }

  data(bytes: Buffer): void {
    if (!this.#isLeft) this.#writer.data(bytes);
  }

  end(): void {
    if (!this.#isLeft) this.#writer.end();
  }

  #check({ name, type }: TarEntry): void {
    const { parent, base } = splitName(name, LIMITS.depth);
    const dir = base === '' ? undefined : this.#directoryAt(parent);
    const stat = dir === undefined ? undefined : statIfAny(dir, base);
    if (dir === undefined || !stat) return;
    const was = kindOf(stat) === 'directory';
    if (was !== (type === 'directory')) {
      const [old, fresh] = was ? ['directory', 'non-directory'] : ['non-directory', 'directory'];
      throw new TinyrunError('USAGE', `cannot overwrite ${old} ${JSON.stringify(name)} with ${fresh}`, {
        hint: 'remove what is there first, or copy to another place',
      });
    }
    // from outside of its mount namespace it could be: the kernel would unmount it there
    if (!was && isMountPoint(dir, base))
      throw new TinyrunError('USAGE', `${name}: device or resource busy: something is mounted on it`, {
        hint: 'it cannot be replaced: write to it from within, or where it comes from',
      });
  }

  #directoryAt(path: string): Fd | undefined {
    // directories come and go: a path is looked up anew
    this.#directories.forget();
    try {
      return this.#directories.get(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }
}

/** The mount that an open file is on; proc_pid_fdinfo(5). */
const mountOf = (fd: Fd): string | undefined =>
  /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];

function isMountPoint(dir: Fd, base: string): boolean {
  const fd = native().openat2(dir, base, { flags: O_PATH | O_NOFOLLOW });
  try {
    return mountOf(fd) !== mountOf(dir);
  } finally {
    native().close(fd);
  }
}
