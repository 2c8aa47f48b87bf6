import { fstatSync, writeSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { visible } from '../../store/text.ts';
import { forLocale } from './screen.ts';

/**
 * Writes as much from `start` on as there is room for, and answers how much that was: a pipe shared with a program that
 * made it non-blocking may be full, then the caller waits for the reader instead of losing output.
 */
export function writeSome(fd: number, bytes: Uint8Array, start: number): number {
  try {
    return writeSync(fd, bytes, start);
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN') throw error;
    return 0;
  }
}

/** Writes all of it, as it is, before it returns. EPIPE means nobody reads on: not our failure, and false. */
export function writeAll(fd: number, text: string | Uint8Array): boolean {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  try {
    for (let done = 0; done < bytes.length; ) {
      const written = writeSome(fd, bytes, done);
      if (written === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      done += written;
    }
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EPIPE') throw error;
    return false;
  }
}

/** An answer: as it is for a program that reads it, without what a terminal would obey on one. */
export function writeAnswer(text: string): void {
  const shown = forLocale(visible(text));
  writeAll(1, shown !== text && fstatSync(1).isCharacterDevice() ? shown : text);
}

/** What is drawn for people only, its parts made visible where they were put together. */
export const writeDrawing = (text: string): void => void writeAll(1, forLocale(text));

/**
 * A message. Only people read those, now or in a log. Standard error may be read-only or full: nobody is left to be told
 * so, and no command fails for that.
 */
export function writeMessage(text: string): void {
  try {
    writeAll(2, forLocale(visible(text)));
  } catch {}
}
