import { closeSync, openSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import {
  AT_FDCWD,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  S_IFMT,
  S_IFREG,
} from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

/**
 * A regular file below a directory that somebody else has filled: links are resolved by the kernel, inside of it. What
 * was looked at is what is opened, so that no FIFO waits, no device is opened and no swap in between matters.
 * @throws TinyrunError BAD_IMAGE
 */
export function openInside(root: string, path: string): { fd: Fd; size: number } {
  const seen = look(root, path);
  try {
    const { mode, size } = native().fstatat(seen, '');
    if ((mode & S_IFMT) !== S_IFREG) throw bad(path, 'it is no regular file');
    return { fd: openSync(`/proc/self/fd/${seen}`, 'r'), size };
  } finally {
    native().close(seen);
  }
}

function look(root: string, path: string): Fd {
  const directory = native().openat2(AT_FDCWD, root, { flags: O_PATH });
  try {
    const resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    return native().openat2(directory, path, { flags: O_PATH, resolve });
  } catch (cause) {
    throw bad(path, `it is not there: ${(cause as Error).message}`, cause);
  } finally {
    native().close(directory);
  }
}

/** The bytes of such a file, which may be no larger than `limit`, nor grow while it is read. */
export function readInside(root: string, path: string, limit: number): Buffer {
  const { fd, size } = openInside(root, path);
  try {
    if (size > limit) throw bad(path, `it has ${size} bytes, at most ${limit} are read`);
    const pieces: Uint8Array[] = [];
    for (let left = size; left > 0; ) {
      const piece = native().read(fd, left);
      if (piece.length === 0) break;
      pieces.push(piece);
      left -= piece.length;
    }
    return Buffer.concat(pieces);
  } finally {
    closeSync(fd);
  }
}

const bad = (path: string, why: string, cause?: unknown): TinyrunError =>
  new TinyrunError('BAD_IMAGE', `${JSON.stringify(path)}: ${why}`, { cause });
