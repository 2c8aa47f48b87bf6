import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import {
  LOCK_FILE,
  namesIn,
  openJournal,
  removeIfEmpty,
  removeLockedDir,
  STATE_FILE,
} from '../runtime/journal.ts';
import { tryExistingLock } from '../store/lock.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import { containerPaths, runningDir } from './layout.ts';
import { Names } from './names.ts';
import {
  type ContainerExit,
  type ContainerRecord,
  containerIds,
  readExit,
  readRecord,
  writeRecord,
} from './record.ts';

// A container's lifeline, its parent, holds the lock of the container's run directory as long as it lives: its command, or
// its monitor. A run directory with a free lock was left by one that was killed: the kernel took the lock back, and the
// container's first process died with its parent (PR_SET_PDEATHSIG). What is left is taken back here.

/**
 * Takes back what killed lifelines left of containers that ran. Cheap where nothing was left: one readdir, a flock each.
 * What cannot be taken back is told by the container's status, which is `dead` then; it is tried again each time.
 */
export function sweepRunning(roots: Roots): void {
  for (const id of namesIn(runningDir(roots))) {
    try {
      sweepOne(roots, id);
    } catch (error) {
      if (!(error instanceof TinyrunError) || error.code !== 'CLEANUP') throw error;
    }
  }
}

/** The same, and what a reboot left: containers without a run directory that were never seen to end. */
export function sweepAll(roots: Roots): void {
  sweepRunning(roots);
  for (const id of containerIds(roots)) {
    if (existsSync(containerPaths(roots, id).run)) continue;
    settle(roots, id, 'the host went down');
  }
}

/** The same for one container. @throws TinyrunError CLEANUP when something of it is left */
export function sweepOne(roots: Roots, id: string): void {
  const { run } = containerPaths(roots, id);
  const lock = tryExistingLock(join(run, LOCK_FILE));
  // no lock: it is alive, or being made, or the last thing its end has left to remove
  if (lock === undefined) {
    removeIfEmpty(run);
    return;
  }
  try {
    const ran = existsSync(join(run, STATE_FILE));
    undoOrDie(roots, id, run);
    settle(roots, id, ran ? 'its command or monitor was killed' : undefined);
    removeLockedDir(run);
  } finally {
    lock.release();
  }
}

function undoOrDie(roots: Roots, id: string, run: string): void {
  try {
    openJournal(run).undoAll();
  } catch (error) {
    const record = recordOrDamaged(roots, id);
    const { message: note } = error as Error;
    if (record !== 'damaged' && record !== undefined && record.exit?.note !== note)
      writeRecord(roots, { ...record, exit: { ...(record.exit ?? killed(note)), note } });
    throw error;
  }
}

const killed = (note: string): ContainerExit => ({
  code: 137,
  finished: rfc3339(),
  oomKilled: false,
  note,
});

/** A container that nobody saw ending: removed when it was to be, or never ran (no note); otherwise marked as ended. */
function settle(roots: Roots, id: string, note: string | undefined): void {
  const record = recordOrDamaged(roots, id);
  if (record === 'damaged') return;
  if (record === undefined || record.config.autoRemove || (note === undefined && !record.exit))
    removeData(roots, id, record?.name);
  else if (!record.exit && note !== undefined) {
    // its monitor saw it, and found no room beside the record
    const seen = readExit(id, join(containerPaths(roots, id).run, 'exit.json'));
    writeRecord(roots, { ...record, exit: seen ?? killed(note) });
  }
}

/** A damaged record is for `rm --force` to remove: a sweep must not lose what a person may want to look at. */
function recordOrDamaged(roots: Roots, id: string): ContainerRecord | undefined | 'damaged' {
  try {
    return readRecord(roots, id);
  } catch {
    return 'damaged';
  }
}

/** Removes what a container keeps under the data root; the name goes first so that it can be taken again. */
export function removeData(roots: Roots, id: string, name: string | undefined): void {
  const names = new Names(roots.dataRoot);
  for (const taken of name === undefined ? names.of(id) : [name]) names.release(taken, id);
  // by fd: what lies there was written by a container
  native().removeTree(AT_FDCWD, containerPaths(roots, id).data);
}
