import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { type Lock, lockDirectory, lockDirectorySync } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { randomBytes } from '../store/random.ts';
import { readIfExists } from '../store/read.ts';
import { rfc3339 } from '../store/time.ts';
import type { VolumeRecord } from './types.ts';

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/;
/** Of a directory that is to be filled from an image, and has not been wholly: native/init fills no other. */
const UNFILLED = 0o1000;
const FORGOTTEN_MS = 3_600_000;

/** @throws TinyrunError USAGE, in Docker's words */
export function checkVolumeName(name: string): void {
  if (NAME.test(name)) return;
  throw new TinyrunError(
    'USAGE',
    `${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
    { hint: 'If you intended to pass a host directory, use absolute path' },
  );
}

export const newVolumeName = (): string => randomBytes(32).toString('hex');

/** The volumes of a data root: a directory each, which comes to be and goes as a whole. */
export class VolumeStore {
  readonly #dir: string;
  constructor(dataRoot: string) {
    this.#dir = join(dataRoot, 'volumes');
  }

  /** Where its files are. */
  data(name: string): string {
    return join(this.#dir, name, '_data');
  }

  /** @throws TinyrunError STORE_DAMAGED */
  read(name: string): VolumeRecord | undefined {
    if (!NAME.test(name)) return undefined;
    const text = readIfExists(join(this.#dir, name, 'volume.json'));
    if (text === undefined) return undefined;
    const record = parsed(text);
    if (record?.version === 1 && record.name === name) return record as VolumeRecord;
    throw new TinyrunError('STORE_DAMAGED', `the record of the volume ${name} is damaged`, {
      hint: `its files are in ${this.data(name)}; tinyrun volume rm removes it`,
    });
  }

  /** By name. */
  list(onDamaged: (error: Error) => void): VolumeRecord[] {
    return this.names().flatMap((name) => {
      try {
        return this.read(name) ?? [];
      } catch (error) {
        onDamaged(error as Error);
        return [];
      }
    });
  }

  names(): string[] {
    if (!existsSync(this.#dir)) return [];
    return readdirSync(this.#dir)
      .filter((name) => NAME.test(name))
      .sort();
  }

  has(name: string): boolean {
    return NAME.test(name) && existsSync(join(this.#dir, name));
  }

  /** Makes one, unless there is one of that name: of any number who make it at once one does. Answers whether it did. */
  create(given: Pick<VolumeRecord, 'name'> & Partial<VolumeRecord>): boolean {
    checkVolumeName(given.name);
    if (this.has(given.name)) return false;
    const made = this.#temporary();
    mkdirSync(join(made, '_data'), { mode: 0o755 });
    // whatever the caller's umask
    chmodSync(join(made, '_data'), 0o755);
    const none = { created: rfc3339(), anonymous: false, options: {}, labels: {}, seeded: false };
    writeFileAtomic(join(made, 'volume.json'), JSON.stringify({ version: 1, ...none, ...given }), {
      durable: true,
    });
    try {
      renameSync(made, join(this.#dir, given.name));
      return true;
    } catch (error) {
      native().removeTree(AT_FDCWD, made);
      if (!['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
      return false;
    }
  }

  /** Nobody else takes one into use, or away, while it is held. */
  hold(): Lock {
    return lockDirectorySync(ensureDir(this.#dir));
  }

  /** Takes one away; what is left to do is to remove its files, by fd since containers wrote them. */
  take(name: string): () => void {
    const gone = this.#temporary();
    renameSync(join(this.#dir, name), join(gone, name));
    return () => native().removeTree(AT_FDCWD, gone);
  }

  #temporary(): string {
    this.#sweep();
    const path = join(ensureDir(this.#dir), `.tmp-${randomBytes(12).toString('hex')}`);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /** What was being made or removed by somebody who was killed: nobody is at it for that long. */
  #sweep(): void {
    if (!existsSync(this.#dir)) return;
    for (const name of readdirSync(this.#dir)) {
      const path = join(this.#dir, name);
      const made = name.startsWith('.tmp-') && statSync(path, { throwIfNoEntry: false })?.mtimeMs;
      if (made && made < Date.now() - FORGOTTEN_MS) native().removeTree(AT_FDCWD, path);
    }
  }

  /**
   * Takes one in hand that is to be filled from an image, so that all others wait; undefined: it has something, or has had.
   * What somebody was stopped at is done away with.
   */
  async beginSeeding(name: string): Promise<Seeding | undefined> {
    if (this.read(name)?.seeded !== false) return undefined;
    const lock = await lockDirectory(join(this.#dir, name));
    const record = this.read(name);
    const data = this.data(name);
    const isMarked = (statSync(data).mode & 0o7777) === UNFILLED;
    const done = () => {
      if (record) this.#writeIfThere({ ...record, seeded: true });
    };
    if (record?.seeded !== false || (!isMarked && readdirSync(data).length > 0)) {
      if (record?.seeded === false) done();
      lock.release();
      return undefined;
    }
    if (isMarked) native().removeTree(AT_FDCWD, data);
    if (isMarked) mkdirSync(data);
    chmodSync(data, UNFILLED);
    return { done, release: () => lock.release() };
  }

  /** Its container may have ended by now, and have taken it along. */
  #writeIfThere(record: VolumeRecord): void {
    try {
      this.#write(record);
    } catch (error) {
      if (existsSync(join(this.#dir, record.name)) || errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  #write(record: VolumeRecord): void {
    writeFileAtomic(join(this.#dir, record.name, 'volume.json'), JSON.stringify(record), { durable: true });
  }
}

export interface Seeding {
  /** It has been filled. */
  done(): void;
  /** Lets others go on. */
  release(): void;
}

function parsed(text: string): Partial<VolumeRecord> | undefined {
  try {
    return (JSON.parse(text) as Partial<VolumeRecord> | null) ?? undefined;
  } catch {
    return undefined;
  }
}
