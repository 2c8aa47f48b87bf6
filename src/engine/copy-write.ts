import { errnoOf, TinyrunError } from '../errors.ts';
import type { TarEntry } from '../image/tar/header.ts';
import { type TarHandler, TarReader } from '../image/tar/reader.ts';
import { Directories } from '../image/unpack/directories.ts';
import { splitName } from '../image/unpack/names.ts';
import { kindOf, statIfAny } from '../image/unpack/nodes.ts';
import { LayerWriter } from '../image/unpack/writer.ts';
import type { Fd } from '../native/types.ts';

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
    if (base === '') return;
    const there = this.#kindAt(parent, base);
    if (there === undefined || (there === 'directory') === (type === 'directory')) return;
    const [old, fresh] =
      type === 'directory' ? ['non-directory', 'directory'] : ['directory', 'non-directory'];
    throw new TinyrunError('USAGE', `cannot overwrite ${old} ${JSON.stringify(name)} with ${fresh}`, {
      hint: 'remove what is there first, or copy to another place',
    });
  }

  #kindAt(parent: string, base: string) {
    // directories come and go: a path is looked up anew
    this.#directories.forget();
    try {
      const stat = statIfAny(this.#directories.get(parent), base);
      return stat && kindOf(stat);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }
}
