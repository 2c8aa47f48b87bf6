import { existsSync, rmSync } from 'node:fs';
import { isFull, isTinyrunError, TinyrunError } from '../errors.ts';
import { hasLifeline, isAbandoned, LOCK_FILE } from '../runtime/dir.ts';
import { signalFirst } from '../runtime/kill.ts';
import { waitForEnd } from '../runtime/pidfd.ts';
import { parseSignal } from '../runtime/signals.ts';
import type { StateFile } from '../runtime/state.ts';
import { SIGKILL } from '../spec/linux.ts';
import { join } from '../store/join.ts';
import { awaitUnkept, keeperOf } from '../store/lock.ts';
import type { Roots } from '../store/paths.ts';
import { byTime } from '../store/time.ts';
import { hasPolicy, stopping } from './again.ts';
import { changeRecord, changeRecordSync, holdingRecord } from './change.ts';
import { tellGone, tellKill } from './events/tell.ts';
import { containerPaths } from './layout.ts';
import { awaitChange } from './moves.ts';
import { Names } from './names.ts';
import {
  type ContainerRecord,
  type ContainerView,
  findId,
  neverStarted,
  readRecord,
  viewOf,
} from './record.ts';
import { isRunning } from './status.ts';
import { alone, removeData, settleDown, sweepAll, sweepOne, sweepQuietly, sweepRunning } from './sweep.ts';
import { anonymousOf } from './volumes/seeded.ts';

/** Every container, newest first; one whose record is damaged is told to `onDamaged` and left out. */
export function listContainers(roots: Roots, onDamaged: (error: Error) => void): ContainerView[] {
  const views = [...sweepAll(roots)].flatMap(([id, seen]) => {
    try {
      const record = seen ?? readRecord(roots, id);
      return record ? [viewOf(roots, record)] : [];
    } catch (error) {
      onDamaged(error as Error);
      return [];
    }
  });
  return views.sort((a, b) => byTime(b.record.created, a.record.created));
}

/**
 * One whose lifeline was killed is taken back first, and then what it has become, or not there any more.
 * @throws TinyrunError CONTAINER_NOT_FOUND, AMBIGUOUS_ID, STATE_DAMAGED
 */
export function findContainer(roots: Roots, text: string): ContainerView {
  const view = lookFor(roots, text);
  const { record } = view;
  if (isRunning(view)) return view;
  if (existsSync(containerPaths(roots, record.id).run)) sweepQuietly(roots, record.id, true);
  else if (record.exit || neverStarted(record)) return view;
  else settleDown(roots, record.id);
  return lookFor(roots, text);
}

/** The same; undefined: there is none, or it is gone. @throws TinyrunError AMBIGUOUS_ID, STATE_DAMAGED */
export function findIfThere(roots: Roots, text: string): ContainerView | undefined {
  try {
    return findContainer(roots, text);
  } catch (error) {
    if (isTinyrunError(error, 'CONTAINER_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** What is done to a container that may go meanwhile: it is missed by the name that its user has for it. */
export async function missedAs<T>(text: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!isTinyrunError(error, 'CONTAINER_NOT_FOUND')) throw error;
    throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`, { cause: error });
  }
}

const idOf = (roots: Roots, text: string): string =>
  findId(roots, text, (name) => new Names(roots.dataRoot).holder(name));

/** The id of a container; what another takes back at the moment is not there any more. @throws TinyrunError CONTAINER_NOT_FOUND */
function findSwept(roots: Roots, text: string): string {
  const id = idOf(roots, text);
  sweepQuietly(roots, id, true);
  return existsSync(containerPaths(roots, id).data) ? id : idOf(roots, text);
}

function lookFor(roots: Roots, text: string): ContainerView {
  const id = idOf(roots, text);
  const record = readRecord(roots, id);
  if (!record) throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`);
  return viewOf(roots, record);
}

/** What ends it for its user: its policy does not count then, as Docker has it. */
const isLast = (signal: number, { stopSignal }: ContainerRecord): boolean =>
  signal === SIGKILL || signal === stopSignal;

/**
 * That its user wants it stopped. Where there is no room to write that down it is stopped all the same, and not started
 * again before a reboot.
 */
export async function wantStopped(
  roots: Roots,
  id: string,
  change = stopping(roots),
): Promise<{ record: ContainerRecord; unwritten?: Error }> {
  try {
    return { record: await changeRecord(roots, id, change, { durable: 'content' }) };
  } catch (error) {
    const record = isFull(error) ? readRecord(roots, id) : undefined;
    if (record === undefined) throw error;
    rmSync(containerPaths(roots, id).restart, { force: true });
    return { record, unwritten: error as Error };
  }
}

/** Sends a signal, by name or number, to a running container's first process. */
export function signalContainer(roots: Roots, text: string, signal: string): void {
  const number = parseSignal(signal);
  if (number === 0) throw new TinyrunError('USAGE', 'invalid signal: 0', { hint: 'numbers go from 1 to 64' });
  const view = findContainer(roots, text);
  const { state, record } = view;
  const running = state && isRunning(view) ? state : undefined;
  if (hasPolicy(record) && (running || view.status === 'restarting') && isLast(number, record)) {
    changeRecordSync(roots, record.id, stopping(roots));
    if (!running) return;
  }
  if (running !== undefined) tellKill(roots, view.record, { by: 'kill', signal: number });
  if (running === undefined || !signalFirst(running, number))
    throw new TinyrunError('CONTAINER_NOT_RUNNING', `container ${text} is not running`);
}

/**
 * Removes a container; with `force` a running one is killed first, one that is being started once it runs, and what is left
 * of a damaged one goes too.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_RUNNING
 */
export async function removeContainer(
  roots: Roots,
  text: string,
  force: boolean,
  withVolumes = false,
): Promise<void> {
  sweepRunning(roots);
  const id = findSwept(roots, text);
  const { run } = containerPaths(roots, id);
  // whatever names it has: one that was killed may have been about to give it another
  const volumes = () => {
    const view = withVolumes ? viewOrDamaged(roots, id, force) : undefined;
    return view === undefined || view === 'damaged' ? [] : anonymousOf(view.record);
  };
  const remove = () =>
    holdingRecord(roots, id, () => {
      const view = viewOrDamaged(roots, id, force);
      const going = volumes();
      removeData(roots, id, undefined, going);
      if (view !== undefined && view !== 'damaged') tellGone(roots, view.record, going);
    });
  for (let tries = 0; tries < TRIES; tries++) {
    const view = viewOrDamaged(roots, id, force);
    const running = view !== 'damaged' && view?.state && isRunning(view) ? view.state : undefined;
    const isWaiting = view !== 'damaged' && view?.status === 'restarting';
    if (running && !force) throw stillRunning(text, 'is running');
    if (isWaiting && !force) throw stillRunning(text, 'is restarting');
    if ((running || isWaiting) && view !== 'damaged' && view && hasPolicy(view.record))
      await wantStopped(roots, id);
    if (running && view !== 'damaged' && view) {
      tellKill(roots, view.record, { by: 'rm', signal: SIGKILL });
      await killFirst(run, running);
    } else if (hasLifeline(run)) {
      if (view === undefined || (view !== 'damaged' && view.status === 'created' && !force))
        throw stillRunning(text, 'is being started');
      await awaitRelease(roots, id, view === 'damaged');
    }
    sweepOne(roots, id, { damaged: force, wait: true, going: true });
    if (alone(roots, id, remove)) return;
  }
  throw new TinyrunError('CLEANUP', `container ${text} cannot be taken back: ${run} stays as it is`, {
    hint: `tinyrun rm --force ${text} removes it whatever lies there`,
  });
}

/** A sweep that is at it, too, needs one; so does who starts it. */
const TRIES = 100;

/** Kills a container, and waits until whoever kept it has taken it back. */
async function killFirst(run: string, state: StateFile): Promise<void> {
  const keeper = keeperOf(join(run, LOCK_FILE));
  signalFirst(state, SIGKILL);
  await waitForEnd(state.pid);
  await keeper?.gone();
}

/** Waits for whoever has its run directory: until that is taken back, or it runs, and what it is must be asked anew. */
async function awaitRelease(roots: Roots, id: string, isDamaged: boolean): Promise<void> {
  const { run } = containerPaths(roots, id);
  if (isDamaged) await awaitUnkept(join(run, LOCK_FILE));
  else await awaitChange(roots, id, (view) => isRunning(view) || isAbandoned(run));
}

function stillRunning(container: string, what: string): TinyrunError {
  return new TinyrunError('CONTAINER_RUNNING', `container ${container} ${what}`, {
    hint: 'end it with tinyrun kill, or remove it with --force',
  });
}

function viewOrDamaged(roots: Roots, id: string, force: boolean): ContainerView | undefined | 'damaged' {
  try {
    const record = readRecord(roots, id);
    return record && viewOf(roots, record);
  } catch (error) {
    if (force) return 'damaged';
    throw error;
  }
}
