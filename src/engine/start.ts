import { closeSync, openSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { type ClaimedDir, claimDir, removeLockedDir, takeBackFailed } from '../runtime/dir.ts';
import { bear, type Life, type Parent } from '../runtime/life.ts';
import { type Monitored, startMonitor } from '../runtime/monitor/client.ts';
import { signalPidfd } from '../runtime/pidfd.ts';
import type { Roots } from '../store/paths.ts';
import { type Blueprint, redraw } from './blueprint.ts';
import { holdRecord } from './change.ts';
import type { FindPid } from './config/namespaces.ts';
import { makeHostSide } from './create.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import { awaitChange } from './moves.ts';
import { planOf } from './plan.ts';
import { asBefore, begun, type ContainerRecord, readRecord, syncRecord, writeRecord } from './record.ts';
import { removalOf } from './removal.ts';
import { ownerOf } from './streams.ts';
import { removeData, sweepOne } from './sweep.ts';

/**
 * Has a container's program run, under a monitor; one that runs stays as it is. One that cannot be started is what it was,
 * with why.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_PAUSED, and what `run` throws
 */
export async function startContainer(roots: Roots, text: string, findPid: FindPid): Promise<void> {
  for (;;) {
    const { status, record } = findContainer(roots, text);
    const { run } = containerPaths(roots, record.id);
    if (status === 'running') return;
    if (status === 'paused')
      throw new TinyrunError('CONTAINER_PAUSED', 'cannot start a paused container, try unpause instead');
    sweepOne(roots, record.id, { wait: true });
    const dir = claimDir(run);
    if (dir) return await startClaimed(roots, record.id, dir, findPid);
    // another starts it, or removes it, or it is just being taken back
    await awaitChange(roots, record.id, ({ status: now }) => now !== status);
  }
}

async function startClaimed(roots: Roots, id: string, dir: ClaimedDir, findPid: FindPid): Promise<void> {
  try {
    const lock = await holdRecord(roots, id).catch((error: unknown) => {
      removeLockedDir(dir.path);
      throw error;
    });
    try {
      await startHeld(roots, id, dir, findPid);
    } finally {
      lock.release();
    }
  } finally {
    // by then its monitor's
    dir.lock.release();
  }
}

async function startHeld(roots: Roots, id: string, dir: ClaimedDir, findPid: FindPid): Promise<void> {
  const paths = containerPaths(roots, id);
  const record = readRecord(roots, id);
  if (record === undefined) throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${id}`);
  try {
    const blueprint = await redraw(roots, record, findPid);
    const planned = planOf(roots, blueprint, paths, 'monitor');
    makeHostSide(blueprint, paths);
    writeRecord(roots, begun(record), { instead: paths.exit, durable: 'content' });
    const parent = unattended(roots, record, blueprint, dir);
    const life = await bear({ ...planned, dir, config: JSON.stringify(blueprint.spec), parent });
    if (life.pidfd >= 0) native().close(life.pidfd);
    syncRecord(roots, record);
  } catch (error) {
    takeBackFailed(dir, error, () => {
      if (record.config.autoRemove) removeData(roots, id, record.name);
      else writeRecord(roots, failed(record, error));
      removeLockedDir(dir.path);
    });
    throw error;
  }
}

/** Docker's code of what could not be started for another reason than its program. */
const UNKNOWN = 128;

/** As it was, and why it was not started. */
function failed(record: ContainerRecord, error: unknown): ContainerRecord {
  const exitCode = error instanceof TinyrunError ? error.exitCode : UNKNOWN;
  const code = exitCode === 126 || exitCode === 127 ? exitCode : UNKNOWN;
  const { message } = error as Error;
  return { ...asBefore(begun(record)), failure: { code, message } };
}

/** A monitor that nobody attends: what the program writes goes nowhere, what it may read never ends. */
function unattended(roots: Roots, record: ContainerRecord, blueprint: Blueprint, dir: ClaimedDir): Parent {
  const owner = ownerOf(blueprint);
  const { openStdin, autoRemove } = record.config;
  return {
    run: async ({ plan, cgroup }) => {
      const output = openSync('/dev/null', 'r+');
      const input = openStdin ? endless() : -1;
      try {
        const monitor = await startMonitor({
          plan,
          ...(autoRemove ? { remove: removalOf(roots, record) } : {}),
          run: dir.path,
          data: containerPaths(roots, record.id).data,
          cgroup,
          lock: dir.lock.fd,
          stdio: { output, errors: output, input },
          ...(owner === undefined ? {} : { owner }),
        });
        return lifeOf(monitor);
      } finally {
        for (const fd of [output, input]) if (fd >= 0) closeSync(fd);
      }
    },
  };
}

/** A pipe that nobody writes, with both its ends: who reads it waits. */
function endless(): number {
  const pipe = native().endedPipe();
  try {
    return openSync(`/proc/self/fd/${pipe}`, 'r+');
  } finally {
    native().close(pipe);
  }
}

/** Of one that goes on without us: nobody here waits for it. */
function lifeOf({ pid, pidfd, startTime, socket }: Monitored): Life {
  native().close(socket);
  return {
    pid,
    pidfd,
    startTime,
    results: [],
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async () => undefined,
    leave: () => {},
    ended: () => Promise.reject(new Error('it is its monitor that waits')),
    written: async () => {},
  };
}
