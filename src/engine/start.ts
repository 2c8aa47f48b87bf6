import { rmSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { attend } from '../runtime/attend.ts';
import { type ClaimedDir, claimDir, removeLockedDir, takeBackFailed, takeOverDir } from '../runtime/dir.ts';
import type { Life } from '../runtime/life.ts';
import { type MonitorsChild, ofMonitor } from '../runtime/monitor/parent.ts';
import { tellEvents } from '../store/events.ts';
import type { Roots } from '../store/paths.ts';
import { goesOn, hasPolicy, markPolicy, restarted } from './again.ts';
import type { AttachOptions } from './attach.ts';
import { type Blueprint, redraw } from './blueprint.ts';
import { holdRecord } from './change.ts';
import type { FindPid } from './config/namespaces.ts';
import { attachedIn, type Created, makeHostSide } from './create.ts';
import { happened, ofVolumes, tell } from './events/tell.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import { monitorsChild } from './monitored.ts';
import { awaitChange } from './moves.ts';
import { bearAttached } from './networks/bear.ts';
import { planOf } from './plan.ts';
import { asBefore, begun, type ContainerRecord, readRecord, syncRecord, writeRecord } from './record.ts';
import { checkTerminal, keysOf, lost, resultOf, sentBy, sweepAfterMonitor } from './run.ts';
import { relayOf } from './streams.ts';
import { removeData, sweepOne } from './sweep.ts';
import type { RunResult } from './types.ts';
import { anonymousOf } from './volumes/seeded.ts';

/**
 * Has a container's program run, under a monitor; one that runs stays as it is. One that cannot be started is what it was,
 * with why.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_PAUSED, and what `run` throws
 */
export async function startContainer(roots: Roots, text: string, findPid: FindPid): Promise<void> {
  const started = await begin(roots, text, findPid);
  started?.life.forget();
}

/** How this process's streams are joined to a container's. */
export interface AttachedStart extends AttachOptions {
  /** What is typed is for it, where it was made for that. */
  readonly stdin?: boolean | undefined;
}

/**
 * The same with this process's standard streams joined to its, until it has ended or is left; one that runs is attached to.
 * @throws TinyrunError
 */
export async function startAttached(
  roots: Roots,
  text: string,
  findPid: FindPid,
  options: AttachedStart,
): Promise<RunResult> {
  const noStdin = !options.stdin;
  const started = await begin(roots, text, findPid, (blueprint, created) => {
    const { config } = blueprint;
    const streamed = noStdin ? { ...blueprint, config: { ...config, openStdin: false } } : blueprint;
    checkTerminal(streamed, {});
    const relay = relayOf(streamed, {});
    return monitorsChild(roots, blueprint, created, relay, keysOf(streamed, options));
  });
  if (started === undefined) {
    const { attachContainer } = await import('./attach.ts');
    return attachContainer(roots, text, { ...options, noStdin });
  }
  const { life, record } = started;
  const forwarding = options.forward?.({ onInsist: () => {}, onSent: sentBy(roots, record) });
  try {
    const stdin = !noStdin && record.config.openStdin === true;
    const end = await attend(life, { forwarding, stdin });
    if (end.isDetached) tell(roots, record, 'detach');
    else sweepAfterMonitor(roots, record.id);
    if (end.lost) throw lost(end.lost);
    return resultOf(record.id, end, false);
  } finally {
    forwarding?.stop();
  }
}

interface Started {
  readonly life: Life;
  readonly record: ContainerRecord;
}

/** Who is there for a container: nobody, unless somebody is. */
type ChildOf = (blueprint: Blueprint, created: Created) => MonitorsChild;

/** Undefined: it runs. */
async function begin(
  roots: Roots,
  text: string,
  findPid: FindPid,
  childOf: ChildOf = (blueprint, created) => monitorsChild(roots, blueprint, created),
): Promise<Started | undefined> {
  for (;;) {
    const { status, record } = findContainer(roots, text);
    const { run } = containerPaths(roots, record.id);
    if (status === 'running' || status === 'restarting') return undefined;
    if (status === 'paused')
      throw new TinyrunError('CONTAINER_PAUSED', 'cannot start a paused container, try unpause instead');
    sweepOne(roots, record.id, { wait: true });
    const dir = claimDir(run);
    if (dir) return await startClaimed(roots, record.id, dir, { findPid, childOf });
    // another starts it, or removes it, or it is just being taken back
    await awaitChange(roots, record.id, ({ status: now }) => now !== status);
  }
}

interface How {
  readonly findPid: FindPid;
  readonly childOf: ChildOf;
  /** By its policy, not its user. */
  readonly byPolicy?: boolean;
}

/** A container that has ended is started again where its policy says so; `lock` of its directory, which its monitor had. */
export async function restartEnded(roots: Roots, id: string, lock: number, findPid: FindPid): Promise<void> {
  const dir = takeOverDir(containerPaths(roots, id).run, lock);
  const childOf: ChildOf = (blueprint, created) => monitorsChild(roots, blueprint, created);
  (await startClaimed(roots, id, dir, { findPid, childOf, byPolicy: true }))?.life.forget();
}

async function startClaimed(
  roots: Roots,
  id: string,
  dir: ClaimedDir,
  how: How,
): Promise<Started | undefined> {
  try {
    const lock = await holdRecord(roots, id).catch((error: unknown) => {
      removeLockedDir(dir.path);
      throw error;
    });
    try {
      return await startHeld(roots, id, dir, how);
    } finally {
      lock.release();
    }
  } finally {
    // by then its monitor's
    dir.lock.release();
  }
}

async function startHeld(
  roots: Roots,
  id: string,
  dir: ClaimedDir,
  { findPid, childOf, byPolicy = false }: How,
): Promise<Started | undefined> {
  const paths = containerPaths(roots, id);
  const found = readRecord(roots, id);
  if (byPolicy && !(found && goesOn(found))) {
    removeLockedDir(dir.path);
    return undefined;
  }
  if (found === undefined) throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${id}`);
  const asked = byPolicy && found.exit ? restarted(found, found.exit) : byUser(found);
  try {
    const drawn = await redraw(roots, asked, findPid);
    await drawn.networks?.ready();
    const blueprint = attachedIn(paths.run, drawn, asked.name);
    const planned = planOf(roots, blueprint, paths, 'monitor');
    // redrawn of it
    const record = { ...blueprint.record, name: asked.name };
    const child = childOf(blueprint, { record, paths, dir, blueprint });
    const isAttached = child.relay !== undefined;
    makeHostSide(blueprint, paths);
    blueprint.volumes?.making(() => {});
    if (record.health) rmSync(paths.health, { force: true });
    if (hasPolicy(record)) {
      rmSync(paths.look, { force: true });
      markPolicy(paths, { ...record, wanted: 'running' });
    }
    writeRecord(roots, begun(record, byPolicy), { instead: paths.exit, durable: 'content' });
    tellEvents(roots, [
      ...(isAttached ? [happened(record, 'attach')] : []),
      ...(byPolicy ? [] : ofVolumes(record, 'mount')),
    ]);
    const config = JSON.stringify(blueprint.spec);
    const life = await bearAttached(
      blueprint,
      () => ({ ...planned, dir, config, parent: ofMonitor(child) }),
      paths,
    );
    syncRecord(roots, record);
    return { life, record };
  } catch (error) {
    takeBackFailed(dir, error, () => {
      if (asked.config.autoRemove) {
        removeData(roots, id, asked.name, anonymousOf(asked));
        tell(roots, asked, 'destroy');
      } else writeRecord(roots, failed(asked, error));
      removeLockedDir(dir.path);
    });
    throw error;
  }
}

/** What its policy has done until now does not count any more. */
const byUser = ({ restarts: _, backoff: __, ...record }: ContainerRecord): ContainerRecord => record;

/** Docker's code of what could not be started for another reason than its program. */
const UNKNOWN = 128;

/** As it was, and why it was not started. */
function failed(record: ContainerRecord, error: unknown): ContainerRecord {
  const exitCode = error instanceof TinyrunError ? error.exitCode : UNKNOWN;
  const code = exitCode === 126 || exitCode === 127 ? exitCode : UNKNOWN;
  const { message } = error as Error;
  return { ...asBefore(begun(record)), failure: { code, message } };
}
