import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createBeside } from './temporary.ts';

export interface WriteOptions {
  /** Permission bits, default 0600. */
  mode?: number;
  /**
   * fsync of the file and of its directory: for what must survive a power cut. Useless on a tmpfs. `content`: of the file
   * alone, so that the old one is found whole or the new one; `syncDirectory` is what is left to do.
   */
  durable?: boolean | 'content';
  /** A file of the same directory that the new content stands for: it goes once that is in place. */
  instead?: string;
}

/**
 * Writes a whole file so that a reader sees the old content or the new, never half: a temporary name in the same
 * directory, then rename(2). The temporary file is removed when anything fails (ENOSPC), the old file stays.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array, options: WriteOptions = {}): void {
  const temporary = createBeside(path, options.mode ?? 0o600);
  try {
    writeNew(temporary.fd, data, options);
    renameSync(temporary.path, path);
  } catch (error) {
    rmSync(temporary.path, { force: true });
    throw namedAs(path, error as NodeJS.ErrnoException);
  }
  if (options.instead !== undefined) rmSync(options.instead, { force: true });
  if (options.durable === true) syncDirectory(dirname(path));
}

/** What failed of an fd has no path; the temporary one tells nobody anything. */
function namedAs(path: string, error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  if (error.path === undefined) error.message += ` '${path}'`;
  error.path = path;
  return error;
}

function writeNew(fd: number, data: string | Uint8Array, options: WriteOptions): void {
  try {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    if (options.durable) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** A rename is only on disk when its directory is. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
