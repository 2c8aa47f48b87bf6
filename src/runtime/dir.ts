import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, isTinyrunError, type TinyrunError } from '../errors.ts';
import { F_UNLCK, LOCK_EX } from '../native/fcntl.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import { join } from '../store/join.ts';
import { heldLock, type Lock, takeTurn, tryKeep } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { execsDir } from './execs.ts';
import { type Journal, namesIn, newJournal, openJournal } from './journal.ts';
import { readState, STATE_FILE } from './state.ts';

// A container's directory tells its story. `lock` is kept (store/lock.ts) by its lifeline: by who makes it, from the first
// moment, and as long as that is its parent, to the end of clean-up. `journal.NN-NAME` say what is to be taken back. `state.json`
// exists once there is a container, and tells whether it has a lifeline. A free lock condemns the directory: its lifeline
// was killed, and the container died with it (PR_SET_PDEATHSIG). Only what was made for somebody else, without a lifeline
// (tinyrunc create), stays once it is finished.

/** Held by the container's lifeline. */
export const LOCK_FILE = 'lock';
/** In a directory that was taken over: who has it begins again what ended there. */
const AGAIN_FILE = 'again';

/** A container's directory whose lock this process holds. */
export interface ClaimedDir {
  readonly path: string;
  readonly lock: Lock;
  readonly journal: Journal;
}

/**
 * Makes a container's directory and takes its lock; what a killed maker left under the name is taken back first.
 * Undefined: it is somebody else's.
 */
export function claimDir(path: string): ClaimedDir | undefined {
  ensureDir(dirname(path));
  for (;;) {
    while (!makeDir(path)) if (!isHalfMade(path) || !sweepDir(path, { wait: true })) return undefined;
    const lock = lockIfThere(path);
    if (lock === undefined) return undefined;
    if (lock !== 'gone') return { path, lock, journal: newJournal(path) };
  }
}

/** One whose lock another process had, and has left to this one, by its number. What lies in it is of the life before. */
export function takeOverDir(path: string, fd: number): ClaimedDir {
  writeFileSync(join(path, AGAIN_FILE), '', { mode: 0o600 });
  for (const name of namesIn(path))
    if (name !== LOCK_FILE && name !== AGAIN_FILE) native().removeTree(AT_FDCWD, join(path, name));
  return { path, lock: heldLock(fd), journal: newJournal(path) };
}

/** By mkdir(2) itself: that of node's with `recursive` looks again at what was there, and fails when it has gone meanwhile. */
function makeDir(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

/** A sweep removes an empty directory, ours too as long as it has no lock in it. */
function lockIfThere(path: string): Lock | 'gone' | undefined {
  try {
    return lockDir(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
}

/** The lock of a directory, undefined while its lifeline keeps it. Whoever takes it back is waited for. */
export function lockDir(path: string): Lock | undefined {
  return tryKeep(join(path, LOCK_FILE));
}

/** Whether a directory has lost its lifeline, and nobody is at it: after a sweep it is what could not be taken back. */
export function isAbandoned(path: string): boolean {
  const turn = takeTurn(join(path, LOCK_FILE), false);
  if (typeof turn === 'string') return false;
  turn.release();
  return true;
}

/** Whether a directory has its lifeline. Whoever takes it back is waited for. */
export function hasLifeline(path: string): boolean {
  const turn = takeTurn(join(path, LOCK_FILE), true);
  if (typeof turn !== 'string') turn.release();
  return turn === 'kept';
}

/**
 * Whether a directory is of a life that there was, and that another may follow in it; one that was only claimed, to begin or to
 * remove a container that is at rest, is not.
 */
export const hasLived = (path: string): boolean => !isHalfMade(path) || existsSync(join(path, AGAIN_FILE));

/** Whether a directory is of a container that never came to be. */
export function isHalfMade(path: string): boolean {
  return !existsSync(join(path, STATE_FILE));
}

/** What a sweep is told by who knows more of the container. */
export interface Sweep {
  /** All is undone, the directory is still there and locked. `ran`: there was a process. */
  readonly settle?: (ran: boolean) => void;
  /** By then, where there was a life: whether another process has taken the directory over, with its lock. */
  readonly handOn?: (lock: Lock) => boolean;
  /** Also where state.json cannot be read: its lifeline is known to be gone. */
  readonly damaged?: boolean;
  /** When another is at it: by the time this returns that is over. */
  readonly wait?: boolean;
}

/**
 * Takes back a directory whose lifeline was killed, and answers whether it is gone. It is asked itself what its lock
 * means, so that this is safe in whosever directory.
 * @throws TinyrunError CLEANUP when something of it is left
 */
export function sweepDir(
  path: string,
  { settle, handOn, damaged = false, wait = false }: Sweep = {},
): boolean {
  const lock = takeTurn(join(path, LOCK_FILE), wait);
  // who began to run a further program in it as it ended may have been killed over that
  if (lock === 'none') native().removeTree(AT_FDCWD, execsDir(path));
  // without one the directory is being made, or is the last thing that its end has left to remove
  if (lock === 'none') return removeIfEmpty(path);
  // most are alive, and a call that fails has node make an error of it, which costs more than ten calls
  if (typeof lock === 'string') return !existsSync(path);
  try {
    // it may have been finished before we had the lock
    const ran = !isHalfMade(path);
    if (ran && !hadLifeline(path, damaged)) return false;
    openJournal(path).undoAll();
    settle?.(ran);
    if (handOn && hasLived(path) && isHandedOn(lock, handOn)) return false;
    removeLockedDir(path);
    return true;
  } finally {
    lock.release();
  }
}

/** It becomes its keeper, and so does who takes it over; the turn is over then. */
function isHandedOn(lock: Lock, handOn: NonNullable<Sweep['handOn']>): boolean {
  native().flock(lock.fd, LOCK_EX);
  if (!handOn(lock)) return false;
  native().ofdLock(lock.fd, F_UNLCK, false);
  return true;
}

/** Earlier versions did not write it down: their engine's containers were bundles of their own. */
function hadLifeline(path: string, damaged: boolean): boolean {
  try {
    const state = readState(path);
    return state?.lifeline !== undefined || state?.bundle === path;
  } catch (error) {
    if (isTinyrunError(error, 'STATE_DAMAGED')) return damaged;
    throw error;
  }
}

/** Takes back what the plans of a claimed directory made; answers why something of it is left, with its journal. */
export function leftOf({ journal }: Pick<ClaimedDir, 'journal'>): TinyrunError | undefined {
  try {
    journal.undoAll();
    return undefined;
  } catch (error) {
    if (isTinyrunError(error, 'CLEANUP')) return error;
    throw error;
  }
}

/**
 * What failed to come to be leaves nothing, and is removed; or, with what is left of it told in the error, the journal that
 * a sweep goes by.
 */
export function takeBackFailed(
  dir: ClaimedDir,
  error: unknown,
  remove = () => removeLockedDir(dir.path),
): void {
  const left = leftOf(dir);
  if (left === undefined) remove();
  else if (error instanceof Error) error.message += `; ${left.message}`;
}

/** Takes back a container and removes its directory, whose lock the caller holds. @throws TinyrunError CLEANUP */
export function takeBackDir(path: string): void {
  openJournal(path).undoAll();
  removeLockedDir(path);
}

/**
 * Removes a container's directory, whose lock the caller holds. The lock goes last: as long as there is anything to
 * sweep, a sweep must find it. From then on the directory may be another creator's, who has a lock of his own in it,
 * and nothing but an empty one is removed.
 */
export function removeLockedDir(path: string): void {
  for (const name of namesIn(path)) if (name !== LOCK_FILE) native().removeTree(AT_FDCWD, join(path, name));
  native().removeTree(AT_FDCWD, join(path, LOCK_FILE));
  removeIfEmpty(path);
}

/** Answers whether it is gone. Whoever makes a container makes its directory again when it goes before the lock in it is taken. */
function removeIfEmpty(path: string): boolean {
  try {
    rmdirSync(path);
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
    return code === 'ENOENT';
  }
  return true;
}
