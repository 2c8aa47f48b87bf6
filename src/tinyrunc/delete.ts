import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { isHalfMade, lockDir, takeBackDir } from '../runtime/dir.ts';
import { runHooksLoosely } from '../runtime/hooks.ts';
import { hasEnded, openProcess, signalPidfd } from '../runtime/pidfd.ts';
import { isAlive, readState, type StateFile, specState, statusOf } from '../runtime/state.ts';
import { SIGKILL } from '../spec/linux.ts';
import type { Lock } from '../store/lock.ts';
import { containerDir, noSuchContainer } from './container.ts';
import { endScope } from './half-made.ts';
import { removeScope } from './scope.ts';

/** How long a killed process may take to end, milliseconds; runc's. */
const GRACE = 10_000;
/** How long it may take until one that has been killed is no more, on a busy machine, milliseconds. */
const DYING = 2000;

export interface DeleteOptions {
  /** Kill what still runs, take back what was half made, and do not mind what is not there. */
  readonly force: boolean;
  readonly warn: (message: string) => void;
}

/** Ends a container's first process (a frozen one dies of SIGKILL too, cgroup-v2.rst) and waits for that; what is gone is no error. */
async function killFirst(state: StateFile): Promise<void> {
  if (!isAlive(state)) return;
  const pidfd = openProcess(state.pid, BigInt(state.startTime));
  if (pidfd === undefined) return;
  try {
    signalPidfd(pidfd, SIGKILL);
    if (await hasEnded(pidfd, GRACE)) return;
    throw new TinyrunError('CLEANUP', `container init still running: process ${state.pid} does not end`);
  } finally {
    native().close(pidfd);
  }
}

/** Takes back a container whose first process has ended, and runs its poststop hooks. @throws TinyrunError (CLEANUP) */
export async function takeBackEnded(
  dir: string,
  state: StateFile,
  warn: (message: string) => void,
): Promise<void> {
  if (state.scope === undefined) takeBackDir(dir);
  else {
    await removeScope({ ...state, scope: state.scope });
    takeBackDir(dir);
  }
  const { poststop } = state.hooks ?? {};
  if (poststop === undefined) return;
  for (const message of await runHooksLoosely('poststop', poststop, specState(state, 'stopped')))
    warn(message);
}

function refuseUnless(force: boolean, state: StateFile): void {
  const status = statusOf(state);
  // A created one is taken as runc takes it: callers clean up after a failed start by a plain delete.
  if (force || status === 'stopped' || status === 'created') return;
  throw new TinyrunError(
    'CONTAINER_RUNNING',
    `cannot delete container ${state.id} that is not stopped: ${status}`,
    {
      hint: 'kill it first, or use delete --force',
    },
  );
}

function readDamaged(dir: string, force: boolean): StateFile | undefined {
  try {
    return readState(dir);
  } catch (error) {
    if (!force) throw error;
    return undefined;
  }
}

/** `patient`: whoever was killed while creating it may still be on the way out, and the child that it had. */
async function takeLock(dir: string, id: string, patient: boolean): Promise<Lock> {
  for (const end = Date.now() + (patient ? DYING : 0); ; await new Promise((next) => setTimeout(next, 5))) {
    const lock = lockDir(dir);
    if (lock !== undefined) return lock;
    if (Date.now() < end) continue;
    throw new TinyrunError(
      'CONTAINER_RUNNING',
      `container ${id} is being created or deleted by another process`,
      {
        hint: 'wait for that process to end, then try again',
      },
    );
  }
}

/**
 * Takes a container back: its processes, what its plan made, its directory; then its poststop hooks run.
 * @throws TinyrunError (CONTAINER_NOT_FOUND, CONTAINER_RUNNING, CLEANUP)
 */
export async function deleteContainer(root: string, id: string, options: DeleteOptions): Promise<void> {
  const dir = containerDir(root, id);
  if (!existsSync(dir) || (isHalfMade(dir) && !options.force)) {
    if (options.force) return;
    throw noSuchContainer();
  }
  const lock = await takeLock(dir, id, options.force);
  try {
    const state = readDamaged(dir, options.force);
    if (state === undefined) {
      await endScope(dir);
      takeBackDir(dir);
      return;
    }
    refuseUnless(options.force, state);
    await killFirst(state);
    await takeBackEnded(dir, state, options.warn);
  } finally {
    lock.release();
  }
}
