import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';

// A container's log, as its monitor writes it (native/init/log.h): json.log, and json.log.1 and so on, the older ones. A file
// is renamed when it has its size, so that a reader knows its place by the file, not by a name.

const PIECE = 1 << 18;
const LINE_FEED = 10;
const NOTHING = Buffer.alloc(0);

const named = (path: string, age: number) => (age === 0 ? path : `${path}.${age}`);

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads a log from one end to the other, and what is added to it: each call of `next` what is there. */
export class LogReader {
  readonly #path: string;
  /** Of the file that is read. */
  #fd: number | undefined;
  #offset = 0;
  #bytes = Buffer.allocUnsafe(PIECE);
  /** Of them, how many are read, and how many of those were answered. */
  #filled = 0;
  #answered = 0;

  /** `path` of the newest file; from the oldest line that is kept, or the last `tail` ones. */
  constructor(path: string, tail: number = Number.POSITIVE_INFINITY) {
    this.#path = path;
    this.#begin(tail);
  }

  #begin(tail: number): void {
    const start = startOf(this.#path, tail);
    this.#fd = start?.fd;
    this.#offset = start?.offset ?? 0;
  }

  /** Whole lines that have been written since, lent until the next call; none: that was all for now. */
  next(): Buffer {
    for (;;) {
      // nothing was written before: all that is there by now is new
      if (this.#fd === undefined) this.#begin(Number.POSITIVE_INFINITY);
      if (this.#fd === undefined) return NOTHING;
      this.#makeRoom();
      const size = readSync(
        this.#fd,
        this.#bytes,
        this.#filled,
        this.#bytes.length - this.#filled,
        this.#offset,
      );
      this.#offset += size;
      if (size === 0) {
        if (!this.#goOn()) return NOTHING;
        continue;
      }
      this.#filled += size;
      this.#answered = this.#bytes.lastIndexOf(LINE_FEED, this.#filled - 1) + 1;
      if (this.#answered > 0) return this.#bytes.subarray(0, this.#answered);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** What stands behind the last line feed goes to the front. */
  #makeRoom(): void {
    const { length } = this.#bytes;
    const rest = this.#bytes.subarray(this.#answered, this.#filled);
    const room = rest.length === length ? Buffer.allocUnsafe(length * 2) : this.#bytes;
    room.set(rest);
    this.#bytes = room;
    this.#filled = rest.length;
    this.#answered = 0;
  }

  /** Where the file that was read to its end is not the newest any more: on to the one that was begun after it. */
  #goOn(): boolean {
    const own = this.#fd;
    if (own === undefined) return false;
    for (;;) {
      const files = filesOf(this.#path);
      const { ino, dev, size } = fstatSync(own);
      const at = files.findIndex((file) => file.ino === ino && file.dev === dev);
      // the newest, or the next is not begun yet
      if (at === 0) return false;
      // nobody writes to it any more: it may have been written to after we looked last
      if (size > this.#offset) return true;
      // it is gone: then so is what was between
      const next = at < 0 ? files.at(-1) : files[at - 1];
      if (next === undefined) return false;
      const fd = openExactly(this.#path, next);
      if (fd === undefined) continue;
      this.close();
      this.#fd = fd;
      this.#offset = 0;
      this.#filled = 0;
      this.#answered = 0;
      return true;
    }
  }
}

/** A file of a log, as long as it is called so. */
export interface LogFile {
  readonly age: number;
  readonly ino: number;
  readonly dev: number;
}

/**
 * The files of a log, newest first. They are renamed one after the other, from the oldest on: meanwhile one name is
 * missing, and what is seen twice is how it was at one moment.
 */
export function filesOf(path: string): LogFile[] {
  for (let before = ''; ; ) {
    const files = scan(path);
    const seen = JSON.stringify(files);
    if (seen === before) return files;
    before = seen;
  }
}

function scan(path: string): LogFile[] {
  const files: LogFile[] = [];
  for (let [age, missing] = [0, 0]; missing < 2; age++) {
    const found = statSync(named(path, age), { throwIfNoEntry: false });
    missing = found ? 0 : missing + 1;
    if (found) files.push({ age, ino: found.ino, dev: found.dev });
  }
  return files;
}

/** Undefined: another is called so by now. */
export function openExactly(path: string, { age, ino, dev }: LogFile): number | undefined {
  const fd = openIfThere(named(path, age));
  if (fd === undefined) return undefined;
  const found = fstatSync(fd);
  if (found.ino === ino && found.dev === dev) return fd;
  closeSync(fd);
  return undefined;
}

/** Where the last so many lines begin, in a file that is open then; undefined: nothing was ever written. */
function startOf(path: string, tail: number): { fd: number; offset: number } | undefined {
  for (;;) {
    const files = filesOf(path);
    const start = startIn(path, files, tail);
    if (start !== 'renamed') return start;
  }
}

function startIn(path: string, files: readonly LogFile[], tail: number) {
  let oldest: number | undefined;
  let left = tail;
  for (const file of files) {
    const fd = openExactly(path, file);
    if (oldest !== undefined) closeSync(oldest);
    oldest = fd;
    if (fd === undefined) return 'renamed';
    const found = lineFromEnd(fd, left);
    if (typeof found === 'object') return { fd, offset: found.offset };
    left -= found;
  }
  return oldest === undefined ? undefined : { fd: oldest, offset: 0 };
}

const lineFeedBefore = (piece: Buffer, end: number): number =>
  end === 0 ? -1 : piece.lastIndexOf(LINE_FEED, end - 1);

/** Where the last `count` lines of a file begin, or how many it has where those are fewer. */
function lineFromEnd(fd: number, count: number): { offset: number } | number {
  const piece = Buffer.allocUnsafe(PIECE);
  const { size } = fstatSync(fd);
  if (count === 0) return { offset: size };
  if (count === Number.POSITIVE_INFINITY) return 0;
  let seen = 0;
  for (let end = size; end > 0; ) {
    const from = Math.max(0, end - PIECE);
    const read = readSync(fd, piece, 0, end - from, from);
    for (let at = lineFeedBefore(piece, read); at >= 0; at = lineFeedBefore(piece, at)) {
      // the line feed behind the last line begins none
      if (from + at + 1 < size && ++seen === count) return { offset: from + at + 1 };
    }
    end = from;
  }
  return size === 0 ? 0 : seen + 1;
}
