import { closeSync, fstatSync, readSync } from 'node:fs';
import { filesOf, openExactly } from '../../runtime/log/files.ts';

/** A file that is read as it grows. */
interface Reading {
  readonly ino: number;
  readonly dev: number;
  readonly fd: number;
  offset: number;
  /** Behind the last line feed. */
  rest: Buffer;
}

const LINE_FEED = 10;

/**
 * Reads a file and the older ones that it was renamed to. All of them are read as long as they are called so: whoever writes
 * while a file is renamed writes to the renamed one.
 */
export class EventFiles {
  readonly #path: string;
  /** Oldest first. */
  #readings: Reading[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** What is there is passed over. */
  skip(): void {
    for (const reading of this.#look()) reading.offset = fstatSync(reading.fd).size;
  }

  /** Whole lines since the last time. */
  next(): string[] {
    const there = this.#look();
    const lines = this.#readings.flatMap(linesOf);
    // what was written to it before its last name went has been read
    for (const reading of this.#readings) if (!there.includes(reading)) closeSync(reading.fd);
    this.#readings = there;
    return lines;
  }

  close(): void {
    for (const { fd } of this.#readings) closeSync(fd);
    this.#readings = [];
  }

  /** Those that are called so, oldest first; all that were are in `#readings`. */
  #look(): Reading[] {
    for (;;) {
      const files = filesOf(this.#path).reverse();
      const found = files.map((file) => {
        const known = this.#readings.find(({ ino, dev }) => ino === file.ino && dev === file.dev);
        if (known) return known;
        const fd = openExactly(this.#path, file);
        if (fd === undefined) return undefined;
        const reading = { ino: file.ino, dev: file.dev, fd, offset: 0, rest: Buffer.alloc(0) };
        this.#readings.push(reading);
        return reading;
      });
      const there = found.filter((reading) => reading !== undefined);
      if (there.length === files.length) return there;
    }
  }
}

function linesOf(reading: Reading): string[] {
  const { size } = fstatSync(reading.fd);
  const piece = Buffer.allocUnsafe(Math.max(0, size - reading.offset));
  const read = piece.length === 0 ? 0 : readSync(reading.fd, piece, 0, piece.length, reading.offset);
  if (read === 0) return [];
  reading.offset += read;
  const all = Buffer.concat([reading.rest, piece.subarray(0, read)]);
  const end = all.lastIndexOf(LINE_FEED) + 1;
  reading.rest = all.subarray(end);
  return end === 0 ? [] : all.toString('utf8', 0, end - 1).split('\n');
}
