import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { TinyrunError } from '../../errors.ts';

/**
 * Writes an archive to a file, which appears when it is whole, or to standard output.
 * @throws TinyrunError USAGE when standard output is a terminal
 */
export async function writeOutput(
  source: AsyncIterable<Buffer>,
  path: string | undefined,
  what: string,
): Promise<void> {
  if (path === undefined && isatty(1))
    throw new TinyrunError('USAGE', `refusing to ${what} to a terminal`, {
      hint: 'use -o FILE, or redirect standard output',
    });
  const target = path === undefined ? undefined : `${path}.tmp-${process.pid}`;
  const fd = target === undefined ? 1 : openSync(target, 'w', 0o600);
  try {
    for await (const chunk of source) await writeAll(fd, chunk);
    if (target !== undefined && path !== undefined) renameSync(target, path);
  } catch (error) {
    if (target !== undefined) rmSync(target, { force: true });
    throw error;
  } finally {
    if (fd !== 1) closeSync(fd);
  }
}

/** A pipe may be non-blocking, then it is full at times. */
async function writeAll(fd: number, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    try {
      done += writeSync(fd, chunk, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
