import { closeSync, renameSync, rmSync, statSync } from 'node:fs';
import { isatty } from 'node:tty';
import { TinyrunError } from '../../errors.ts';
import { createBeside } from '../../store/temporary.ts';
import { writeSome } from './write.ts';

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
  if (path !== undefined) checkTarget(path);
  const temporary = path === undefined ? undefined : createBeside(path, 0o600);
  const fd = temporary?.fd ?? 1;
  try {
    for await (const chunk of source) await writeChunk(fd, chunk);
    if (temporary && path !== undefined) renameSync(temporary.path, path);
  } catch (error) {
    if (temporary) rmSync(temporary.path, { force: true });
    throw error;
  } finally {
    if (fd !== 1) closeSync(fd);
  }
}

/** Renaming over a device or a FIFO would put a file in its place: `-o /dev/null`. */
function checkTarget(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found || found.isFile()) return;
  throw new TinyrunError('USAGE', `${path} is no regular file`, {
    hint: 'leave -o away and redirect standard output instead',
  });
}

/** Waits for the reader of a full pipe without deafening the rest of the command. */
async function writeChunk(fd: number, chunk: Buffer): Promise<void> {
  for (let done = 0; done < chunk.length; ) {
    const written = writeSome(fd, chunk, done);
    if (written === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    done += written;
  }
}
