import { fstatSync, writeSync } from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { visible } from '../../store/text.ts';
import { forLocale } from './screen.ts';

/**
 * Writes all of `text` before it returns. A pipe shared with a program that made it non-blocking answers EAGAIN:
 * wait for the reader instead of losing output. EPIPE means nobody reads on: not our failure.
 */
export function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** An answer: as it is for a program that reads it, without what a terminal would obey on one. */
export function writeAnswer(text: string): void {
  const shown = forLocale(visible(text));
  writeAll(1, shown !== text && fstatSync(1).isCharacterDevice() ? shown : text);
}

/** What is drawn for people only, its parts made visible where they were put together. */
export const writeDrawing = (text: string): void => writeAll(1, forLocale(text));

/**
 * A message. Only people read those, now or in a log. Standard error may be read-only or full: nobody is left to be told
 * so, and no command fails for that.
 */
export function writeMessage(text: string): void {
  try {
    writeAll(2, forLocale(visible(text)));
  } catch {}
}
