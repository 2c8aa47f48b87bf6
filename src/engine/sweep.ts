import { existsSync } from 'node:fs';
import { isFull, isTinyrunError, kernelReason, TinyrunError } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import { claimDir, removeLockedDir, sweepDir } from '../runtime/dir.ts';
import { namesIn } from '../runtime/journal.ts';
import { dict } from '../store/dict.ts';
import { tellEvents } from '../store/events.ts';
import { join } from '../store/join.ts';
import type { Lock } from '../store/lock.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import { handOn } from './again.ts';
import { holdingRecord } from './change.ts';
import { deathOf, tellGone } from './events/tell.ts';
import { containerPaths, EXIT_FILE, runningDir } from './layout.ts';
import { Names } from './names.ts';
import {
  asBefore,
  type ContainerExit,
  type ContainerRecord,
  containerIds,
  type ExitWhy,
  neverStarted,
  readExit,
  readRecord,
  writeRecord,
} from './record.ts';
import { anonymousOf, removeVolumes } from './volumes/seeded.ts';

/**
 * Takes back what killed lifelines left of containers that ran. Cheap where nothing was left: one readdir, a flock each.
 * Answers the ids of those that there were. What cannot be taken back is told by the container's status, which is `dead` then; it is tried again each time.
 */
export function sweepRunning(roots: Roots): readonly string[] {
  const ids = namesIn(runningDir(roots));
  for (const id of ids) sweepQuietly(roots, id);
  return ids;
}

const SEEN_LATER = ['CLEANUP', 'NO_SPACE'] as const;

/** For who looks at containers: what cannot be taken back is told by what is seen of it. */
export function sweepQuietly(roots: Roots, id: string, wait = false): void {
  try {
    sweepOne(roots, id, { wait });
  } catch (error) {
    if (!isTinyrunError(error, ...SEEN_LATER)) throw error;
  }
}

/**
 * The same, and what a reboot left: containers without a run directory that were never seen to end. Answers the ids of all, with
 * the records that were read on the way, and that nothing was done to.
 */
export function sweepAll(roots: Roots): ReadonlyMap<string, ContainerRecord | undefined> {
  const running = new Set(sweepRunning(roots));
  const found = new Map<string, ContainerRecord | undefined>();
  const hasDir = (id: string) => running.has(id) && existsSync(containerPaths(roots, id).run);
  for (const id of containerIds(roots)) found.set(id, hasDir(id) ? undefined : settledRecord(roots, id));
  freeNames(roots, found.size);
  return found;
}

/** One without a run directory. Undefined where its record is damaged, or was not what it is now. */
function settledRecord(roots: Roots, id: string): ContainerRecord | undefined {
  const record = recordOrDamaged(roots, id);
  if (record === 'damaged') return undefined;
  const isSettled = record && ((record.exit && !record.config.autoRemove) || neverStarted(record));
  if (!isSettled) settleDown(roots, id);
  return isSettled ? record : undefined;
}

/** A name that a container got as it was being removed, or later than its monitor knows of, is nobody's. */
function freeNames(roots: Roots, containers: number): void {
  const names = new Names(roots.dataRoot);
  const all = names.all();
  if (all.length <= containers) return;
  for (const name of all) {
    const id = names.holder(name);
    if (id === undefined) continue;
    // a container has a run directory before it has a name, and its data as long as it has one
    const { run, data } = containerPaths(roots, id);
    if (!existsSync(run) && !existsSync(data)) names.release(name, id);
  }
}

/** One without a run directory that was never seen to end. */
export function settleDown(roots: Roots, id: string): void {
  alone(roots, id, () => settle(roots, id, HOST_WENT_DOWN));
}

/**
 * Does something to what a container without a run directory keeps, unless somebody else is at it: what was read of it
 * before may have been removed meanwhile, and would be written anew. Answers whether it was done.
 */
export function alone(roots: Roots, id: string, act: () => void): boolean {
  const dir = claimDir(containerPaths(roots, id).run);
  if (dir === undefined) return false;
  try {
    act();
  } finally {
    removeLockedDir(dir.path);
    dir.lock.release();
  }
  return true;
}

/**
 * The same for one container. `going`: its record is to be removed next.
 * @throws TinyrunError CLEANUP when something of it is left; NO_SPACE: its end cannot be written down
 */
export function sweepOne(
  roots: Roots,
  id: string,
  { damaged = false, wait = false, going = false } = {},
): void {
  const settled = (ran: boolean) => {
    try {
      settle(roots, id, ran ? LIFELINE_KILLED : undefined);
    } catch (error) {
      if (!going || !isFull(error)) throw error;
    }
  };
  try {
    const handedOn = (lock: Lock) => {
      const record = recordOrDamaged(roots, id);
      return record !== undefined && record !== 'damaged' && handOn(roots, record, lock);
    };
    sweepDir(containerPaths(roots, id).run, { settle: settled, handOn: handedOn, damaged, wait });
  } catch (error) {
    if (isFull(error)) throw noRoom(id, error);
    if (isTinyrunError(error, 'CLEANUP')) noteDown(roots, id, error.message);
    throw error;
  }
}

/** What is known of its end stays in its run directory, where it is seen, too. */
const noRoom = (id: string, cause: unknown): TinyrunError =>
  new TinyrunError('NO_SPACE', `write down how container ${id.slice(0, 12)} ended: ${kernelReason(cause)}`, {
    cause: cause as Error,
  });

/** What is left of it is told with the container, too. */
function noteDown(roots: Roots, id: string, note: string): void {
  holdingRecord(roots, id, () => {
    const record = recordOrDamaged(roots, id);
    if (record !== 'damaged' && record !== undefined && record.exit?.note !== note)
      writeRecord(roots, { ...record, exit: { ...(record.exit ?? killed(note)), note } });
  });
}

const LIFELINE_KILLED = 'its command or monitor was killed';
const HOST_WENT_DOWN = 'the host went down';
const LOST: Readonly<Record<string, ExitWhy>> = dict({
  [LIFELINE_KILLED]: 'lifeline killed',
  [HOST_WENT_DOWN]: 'host went down',
});

const killed = (note: string): ContainerExit => ({
  code: 137,
  finished: rfc3339(),
  oomKilled: false,
  note,
  ...(LOST[note] && { why: LOST[note] }),
});

function settle(roots: Roots, id: string, note: string | undefined): void {
  holdingRecord(roots, id, () => settleHeld(roots, id, note));
}

/**
 * A container that nobody saw ending: removed when it was to be, or is `run`'s and never ran (no note); otherwise marked as
 * ended. Where only a start of it never came to its program, it is what it was before.
 */
function settleHeld(roots: Roots, id: string, note: string | undefined): void {
  const record = recordOrDamaged(roots, id);
  if (record === 'damaged' || (record !== undefined && neverStarted(record))) return;
  const isLost = note === undefined && record?.wanted === undefined && !record?.exit;
  const isUnseen = record && note !== undefined && !record.exit && !exitIn(roots, id);
  const tellDeath = () => {
    if (isUnseen) tellEvents(roots, deathOf(record, killed(note)));
  };
  if (record === undefined || record.config.autoRemove || isLost) {
    tellDeath();
    removeSettled(roots, id, record);
  } else if (!record.exit) {
    writeRecord(roots, note === undefined ? asBefore(record) : ended(roots, record, note));
    // without room for that it is tried, and would be told, again and again
    tellDeath();
  }
}

function removeSettled(roots: Roots, id: string, record: ContainerRecord | undefined): void {
  const volumes = record && anonymousOf(record);
  removeData(roots, id, record?.name, volumes);
  if (record) tellGone(roots, record, volumes);
}

const exitIn = (roots: Roots, id: string): ContainerExit | undefined =>
  readExit(id, join(containerPaths(roots, id).run, EXIT_FILE));

/** As its monitor saw it, and found no room for it beside the record, or as nobody did. */
function ended(roots: Roots, record: ContainerRecord, note: string): ContainerRecord {
  return { ...record, exit: exitIn(roots, record.id) ?? killed(note) };
}

/** A damaged record is for `rm --force` to remove: a sweep must not lose what a person may want to look at. */
function recordOrDamaged(roots: Roots, id: string): ContainerRecord | undefined | 'damaged' {
  try {
    return readRecord(roots, id);
  } catch {
    return 'damaged';
  }
}

/** Removes what a container keeps under the data root, and `volumes` of it; the name goes first so that it can be taken again. */
export function removeData(
  roots: Roots,
  id: string,
  name: string | undefined,
  volumes: readonly string[] = [],
): void {
  const names = new Names(roots.dataRoot);
  // it may have another by now
  if (name === undefined || !names.release(name, id))
    for (const taken of names.of(id)) names.release(taken, id);
  // by fd: what lies there was written by a container
  native().removeTree(AT_FDCWD, containerPaths(roots, id).data);
  removeVolumes(roots, volumes);
}
