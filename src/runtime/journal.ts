import { existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import type { StepResult } from '../native/types.ts';
import { encode } from '../plan/encode.ts';
import type { Plan, Step, Undo } from '../plan/types.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { type Lock, tryLock } from '../store/lock.ts';
import { errnoMessage } from './failure.ts';

// A container's directory tells its story: `lock` is held (flock) by whoever is building it, `journal` is the
// undo list, itself an encoded plan, and `state.json` exists once it is created. A directory with a journal, no
// state.json and a free lock was left by a creator that died: the kernel freed its lock.

export const JOURNAL_FILE = 'journal';
export const LOCK_FILE = 'lock';
export const STATE_FILE = 'state.json';

/** What takes a plan back: the undo of each step, last first, each allowed to fail so that the rest still run. */
export function undoSteps(plan: Plan): Step[] {
  const undos = plan.steps.flatMap(({ undo }, index) =>
    undo === undefined ? [] : [{ undo, number: index + 1 }],
  );
  return undos.reverse().flatMap(({ undo, number }) => emptied(undo).map((each) => undoStep(each, number)));
}

/** A cgroup can be removed only once nobody is in it: what its creator could not reap any more is there still. */
function emptied(undo: Undo): Undo[] {
  return undo.op === 'cgroupRemove' ? [{ op: 'cgroupKill', args: undo.args }, undo] : [undo];
}

/** A step of the host lane that takes back the one of that number, from 1. */
export function undoStep(undo: Undo, number: number): Step {
  return { ...undo, lane: 'host', mayFail: true, why: `takes back step ${number}` } as Step;
}

/**
 * Writes the undo list of a plan into a container's directory; to be called before the plan runs.
 * No fsync: what the list takes back (mounts, cgroups, processes) does not survive a power cut either.
 */
export function writeJournal(dir: string, plan: Plan): void {
  writeFileAtomic(join(dir, JOURNAL_FILE), encode({ steps: undoSteps(plan) }));
}

/** errnos of an undo that found nothing to take back: it ran before, or its step never did. */
const NOTHING_THERE = new Set([2 /* ENOENT */, 3 /* ESRCH */, 6 /* ENXIO */, 22 /* EINVAL: not mounted */]);

function unfinished(results: readonly StepResult[]): StepResult[] {
  return results.filter(({ errno }) => errno !== 0 && !NOTHING_THERE.has(errno));
}

/**
 * Runs the undo list of a container's directory; idempotent. The directory itself stays.
 * @throws TinyrunError naming the first undo that failed: the journal is kept for the next try.
 */
export function undoJournal(dir: string): void {
  const path = join(dir, JOURNAL_FILE);
  if (!existsSync(path)) return;
  const machine = native().machine(readFileSync(path), { trace: true });
  const outcome = machine.runSync();
  machine.close();
  const [first] = outcome.state === 'failed' ? [outcome.failure] : unfinished(outcome.results);
  if (first === undefined) return;
  const { syscall, path: where, errno } = first;
  throw new TinyrunError('CLEANUP', `clean up ${dir}: ${syscall} ${where}: ${errnoMessage(errno)}`);
}

/** Takes back a container and removes its directory, whose lock the caller holds. */
export function removeContainerDir(dir: string): void {
  undoJournal(dir);
  removeLockedDir(dir);
}

/**
 * Removes a container's directory, whose lock the caller holds. The lock goes last: as long as there is anything to
 * sweep, a sweep must find it. From then on the directory may be another creator's, who has a lock of his own in it,
 * and nothing but an empty one is removed.
 */
export function removeLockedDir(dir: string): void {
  for (const name of namesIn(dir)) if (name !== LOCK_FILE) native().removeTree(AT_FDCWD, join(dir, name));
  native().removeTree(AT_FDCWD, join(dir, LOCK_FILE));
  removeIfEmpty(dir);
}

/** Whoever makes a container makes its directory again when it goes before the lock in it is taken. */
export function removeIfEmpty(dir: string): void {
  try {
    rmdirSync(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error;
  }
}

/** The names in a directory; none when it is not there. */
export function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Whether a directory is what a dead creator left behind. */
export function isHalfMade(dir: string): boolean {
  return !existsSync(join(dir, STATE_FILE));
}

/** The creator's lock on a container's directory, undefined while another process builds it. */
export function lockContainerDir(dir: string): Lock | undefined {
  return tryLock(join(dir, LOCK_FILE));
}

/** Takes back one directory unless its creator lives or it was finished; answers whether it did. */
export function sweepOne(dir: string): boolean {
  const lock = lockContainerDir(dir);
  if (lock === undefined) return false;
  try {
    // It may have been finished between the look and the lock.
    if (!isHalfMade(dir)) return false;
    removeContainerDir(dir);
    return true;
  } finally {
    lock.release();
  }
}
