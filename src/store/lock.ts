import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH } from '../native/fcntl.ts';
import { native } from '../native/index.ts';

/** A held lock; the kernel frees it too when the process ends. */
export interface Lock {
  /** For a process that is to hold it, too: it is held until every copy is closed. */
  readonly fd: number;
  /** Idempotent. */
  release(): void;
}

/** One that was inherited. */
export const heldLock = (fd: number): Lock => held(fd);

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

/** The same of a directory, which must be there: no file is made. @throws ENOENT, also when it is removed meanwhile */
export async function lockDirectory(path: string): Promise<Lock> {
  for (;;) {
    const fd = openDirectory(path);
    if (await taken(fd, path, 'exclusive')) return held(fd);
    closeSync(fd);
  }
}

/** On this thread: where whoever holds it does no more than read and write a file meanwhile. */
export function lockDirectorySync(path: string): Lock {
  for (;;) {
    const fd = openDirectory(path);
    native().flock(fd, LOCK_EX);
    if (isCurrent(fd, path)) return held(fd);
    closeSync(fd);
  }
}

/** Undefined: somebody holds it, or it is not there. */
export function tryLockDirectory(path: string): Lock | undefined {
  let fd: number;
  try {
    fd = openDirectory(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (native().flock(fd, LOCK_EX | LOCK_NB) && isCurrent(fd, path)) return held(fd);
  closeSync(fd);
  return undefined;
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

// What a process keeps as long as it lives, others look at, and take back when it has died. An exclusive flock(2) is the
// keeper's. Those others take turns, by a lock that is apart from that (fcntl(2), F_OFD_SETLK): nobody who only looks is
// taken for a keeper, and whoever waits for a turn waits no longer than another takes.
//
//               fcntl       flock
//   keeper      (to begin)  exclusive, until it has died
//   who looks   a turn      shared, tried: refused, there is a keeper
//   who waits               shared, waited for: the keeper's end

/** Becomes the keeper of a file, which is made; undefined: there is one. */
export function tryKeep(path: string): Lock | undefined {
  for (;;) {
    const fd = open(path, constants.O_CREAT);
    native().ofdLock(fd, F_WRLCK, true);
    const isOurs = native().flock(fd, LOCK_EX | LOCK_NB);
    if (isOurs && isCurrent(fd, path)) {
      native().ofdLock(fd, F_UNLCK, false);
      return held(fd);
    }
    closeSync(fd);
    if (!isOurs) return undefined;
  }
}

/** `busy`: it is another's turn, who was not to be waited for. */
export type Turn = Lock | 'none' | 'kept' | 'busy';

/** A turn with what has no keeper any more, until it is released; no file is made. */
export function takeTurn(path: string, wait: boolean): Turn {
  for (;;) {
    const fd = openExisting(path);
    if (fd === undefined) return 'none';
    const turn = native().ofdLock(fd, F_WRLCK, wait) ? lookAt(fd) : 'busy';
    if (isCurrent(fd, path)) {
      if (typeof turn === 'string') closeSync(fd);
      return turn;
    }
    closeSync(fd);
  }
}

const lookAt = (fd: number): Lock | 'kept' => (native().flock(fd, LOCK_SH | LOCK_NB) ? held(fd) : 'kept');

/** Waits until what is at a path has no keeper, or is gone. */
export async function awaitUnkept(path: string): Promise<void> {
  for (;;) {
    const fd = openExisting(path);
    if (fd === undefined) return;
    const isFree = await taken(fd, path, 'shared');
    closeSync(fd);
    if (isFree) return;
  }
}

/** Who keeps a file at the moment that it is asked for. */
export interface Keeper {
  /** Waits until they have gone, whoever keeps what is there by then. Once. */
  gone(): Promise<void>;
  /** Nobody waits. */
  drop(): void;
}

/** Undefined: there is no such file. */
export function keeperOf(path: string): Keeper | undefined {
  const fd = openExisting(path);
  if (fd === undefined) return undefined;
  const { release: drop } = held(fd);
  const gone = async () => {
    if (!native().flock(fd, LOCK_SH | LOCK_NB)) await native().flockWait(fd, LOCK_SH);
    drop();
  };
  return { gone, drop };
}

type Mode = 'shared' | 'exclusive';

const flag = (mode: Mode) => (mode === 'shared' ? LOCK_SH : LOCK_EX);

const open = (path: string, create: number) =>
  openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | create, 0o600);

const openDirectory = (path: string) =>
  openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

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
