import { writeSync } from 'node:fs';

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
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
