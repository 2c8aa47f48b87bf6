import { closeSync, openSync, readSync } from 'node:fs';

/** `n` random bytes of the kernel's pool; node:crypto would cost milliseconds to load. */
export function randomBytes(n: number): Buffer {
  const fd = openSync('/dev/urandom', 'r');
  try {
    const bytes = Buffer.alloc(n);
    readSync(fd, bytes, 0, n, null);
    return bytes;
  } finally {
    closeSync(fd);
  }
}
