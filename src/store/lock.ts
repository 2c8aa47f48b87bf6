import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { LOCK_EX, LOCK_NB, LOCK_SH } from '../native/fcntl.ts';
import { native } from '../native/index.ts';

/** A held lock; the kernel frees it too when the process ends. */
export interface Lock {
  /** For a process that is to hold it, too: it is held until every copy is closed. */
  readonly fd: number;
  /** Idempotent. */
  release(): void;
}

function held(fd: number): Lock {
  let open = true;
  return {
    fd,
    release() {
      // an fd closed twice may by then be somebody else's
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** flock(2) on a file made for the purpose. Waits off the main thread; use `tryLock` not to wait. */
export async function lock(path: string, mode: Mode = 'exclusive'): Promise<Lock> {
  for (;;) {
    const fd = open(path, constants.O_CREAT);
    if (await taken(fd, path, mode)) return held(fd);
    closeSync(fd);
  }
}

/** Waits until nobody holds a lock, or its file is gone; makes no file. */
export async function awaitUnlocked(path: string, mode: Mode = 'exclusive'): Promise<void> {
  for (;;) {
    const fd = openExisting(path);
    if (fd === undefined) return;
    const free = await taken(fd, path, mode);
    closeSync(fd);
    if (free) return;
  }
}

async function taken(fd: number, path: string, mode: Mode): Promise<boolean> {
  if (!native().flock(fd, flag(mode) | LOCK_NB)) await native().flockWait(fd, flag(mode));
  return isCurrent(fd, path);
}

/** The lock, or undefined when somebody else holds it. */
export function tryLock(path: string, mode: Mode = 'exclusive'): Lock | undefined {
  for (;;) {
    const fd = open(path, constants.O_CREAT);
    if (!native().flock(fd, flag(mode) | LOCK_NB)) {
      closeSync(fd);
      return undefined;
    }
    if (isCurrent(fd, path)) return held(fd);
    closeSync(fd);
  }
}

/** `tryLock` of a file that is there: undefined also when there is none, and none is made. */
export function tryExistingLock(path: string, mode: Mode = 'exclusive'): Lock | undefined {
  const fd = openExisting(path);
  if (fd === undefined) return undefined;
  if (native().flock(fd, flag(mode) | LOCK_NB) && isCurrent(fd, path)) return held(fd);
  closeSync(fd);
  return undefined;
}

type Mode = 'shared' | 'exclusive';

const flag = (mode: Mode) => (mode === 'shared' ? LOCK_SH : LOCK_EX);

const open = (path: string, create: number) =>
  openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | create, 0o600);

function openExisting(path: string): number | undefined {
  try {
    return open(path, 0);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** A holder may have unlinked the file while we waited: a lock on a name nobody else finds is no lock. */
function isCurrent(fd: number, path: string): boolean {
  const own = fstatSync(fd);
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === own.ino && named.dev === own.dev;
}
