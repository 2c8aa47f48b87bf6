import { errnoOf, TinyrunError } from '../errors.ts';
import type { WriteOptions } from '../store/atomic.ts';
import { type Lock, lockDirectory, lockDirectorySync } from '../store/lock.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { type ContainerRecord, readRecord, writeRecord } from './record.ts';

// Records have several writers: verbs, `start` until the program runs, and who settles what was left. Each changes what it
// reads while it holds the lock of the container's directory; so does who removes that. Who holds the run directory
// (runtime/dir.ts) as well has taken that first.

/** What a record is to be, made of what it is; undefined: as it is. */
type Change = (record: ContainerRecord) => ContainerRecord | undefined;

/** Holds a record until it is released. @throws TinyrunError CONTAINER_NOT_FOUND */
export async function holdRecord(roots: Roots, id: string): Promise<Lock> {
  try {
    return await lockDirectory(containerPaths(roots, id).data);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? gone(id) : error;
  }
}

/** @throws TinyrunError CONTAINER_NOT_FOUND */
export async function changeRecord(
  roots: Roots,
  id: string,
  change: Change,
  options?: WriteOptions,
): Promise<ContainerRecord> {
  const lock = await holdRecord(roots, id);
  try {
    return changeHeld(roots, id, change, options);
  } finally {
    lock.release();
  }
}

/** The same for who cannot wait elsewhere: nobody who starts it may be at it. */
export const changeRecordSync = (roots: Roots, id: string, change: Change): ContainerRecord | undefined =>
  holdingRecord(roots, id, (isThere) => (isThere ? changeHeld(roots, id, change) : undefined));

/** Does something while nobody changes the record; there may be none to hold. */
export function holdingRecord<T>(roots: Roots, id: string, act: (isThere: boolean) => T): T {
  const lock = holdIfThere(containerPaths(roots, id).data);
  try {
    return act(lock !== undefined);
  } finally {
    lock?.release();
  }
}

function holdIfThere(path: string): Lock | undefined {
  try {
    return lockDirectorySync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** By who holds it. @throws TinyrunError CONTAINER_NOT_FOUND */
function changeHeld(roots: Roots, id: string, change: Change, options?: WriteOptions): ContainerRecord {
  const record = readRecord(roots, id);
  if (record === undefined) throw gone(id);
  const next = change(record);
  if (next !== undefined) writeRecord(roots, next, options);
  return next ?? record;
}

const gone = (id: string): TinyrunError =>
  new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${id.slice(0, 12)}`);
