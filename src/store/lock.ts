import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { native } from '../native/index.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** A held lock; the kernel frees it too when the process ends. */
export interface Lock {
  /** Idempotent. */
  release(): void;
}

function held(fd: number): Lock {
  let open = true;
  return {
    release() {
      // an fd closed twice may by then be somebody else's
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** flock(2) on a file made for the purpose. Waits off the main thread; use `tryLock` not to wait. */
export async function lock(path: string, mode: 'shared' | 'exclusive' = 'exclusive'): Promise<Lock> {
  for (;;) {
    const fd = open(path);
    if (!native().flock(fd, flag(mode) | LOCK_NB)) await native().flockWait(fd, flag(mode));
    if (isCurrent(fd, path)) return held(fd);
    closeSync(fd);
  }
}

/** The lock, or undefined when somebody else holds it. */
export function tryLock(path: string, mode: 'shared' | 'exclusive' = 'exclusive'): Lock | undefined {
  for (;;) {
    const fd = open(path);
    if (!native().flock(fd, flag(mode) | LOCK_NB)) {
      closeSync(fd);
      return undefined;
    }
    if (isCurrent(fd, path)) return held(fd);
    closeSync(fd);
  }
}

const flag = (mode: 'shared' | 'exclusive') => (mode === 'shared' ? LOCK_SH : LOCK_EX);

// biome-ignore format: one expression
const open = (path: string) =>
  openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);

/** A holder may have unlinked the file while we waited: a lock on a name nobody else finds is no lock. */
function isCurrent(fd: number, path: string): boolean {
  const own = fstatSync(fd);
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === own.ino && named.dev === own.dev;
}
