import { existsSync } from 'node:fs';
import { isTinyrunError, kernelReason, TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import { LOCK_FILE } from '../runtime/dir.ts';
import { hasEnded, openProcess, signalPidfd } from '../runtime/pidfd.ts';
import { parseSignal } from '../runtime/signals.ts';
import type { Container, StateFile } from '../runtime/state.ts';
import { SIGKILL } from '../spec/linux.ts';
import { join } from '../store/join.ts';
import { keeperOf } from '../store/lock.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import { goingDown, hasPolicy, stopping } from './again.ts';
import { checkInteger } from './config/error.ts';
import type { FindPid } from './config/namespaces.ts';
import { GRACE } from './config/stop.ts';
import { tell, tellKill } from './events/tell.ts';
import { containerPaths, EXIT_FILE } from './layout.ts';
import { findContainer, wantStopped } from './manage.ts';
import { awaitChange, watchIfThere } from './moves.ts';
import { setFrozenIfThere } from './pause.ts';
import {
  type ContainerExit,
  type ContainerRecord,
  codeOf,
  readExit,
  readRecord,
  startOf,
  syncRecord,
  viewOf,
} from './record.ts';
import { startContainer } from './start.ts';
import { isRunning } from './status.ts';
import { sweepOne, sweepQuietly } from './sweep.ts';

/** How a program is asked to end. */
export interface StopOptions {
  /** By name or number; without, the container's own. */
  readonly signal?: string | undefined;
  /** How long it may take before it is killed, -1: as long as it likes; without, the container's own, or 10000. */
  readonly graceMs?: number | undefined;
}

const DEFAULT_GRACE = 10_000;

/**
 * Ends a container's program, and returns when all of it is taken back; one that does not run stays as it is.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CLEANUP
 */
export async function stopContainer(
  roots: Roots,
  text: string,
  options: StopOptions = {},
  by: 'stop' | 'stop-all' | 'restart' = 'stop',
): Promise<void> {
  const signal = options.signal === undefined ? undefined : parseSignal(options.signal);
  if (options.graceMs !== undefined) checkInteger('graceMs', options.graceMs, GRACE);
  const { id, ...found } = findContainer(roots, text).record;
  const { run } = containerPaths(roots, id);
  const isThere = existsSync(run);
  // that it is not started when the host has been down
  const isOver = by === 'stop-all' || !hasPolicy(found) || found.wanted === 'stopped';
  if (!isThere && isOver) return;
  const change = by === 'stop-all' ? goingDown(roots) : stopping(roots);
  const { record, unwritten } = await wantStopped(roots, id, change);
  if (!isThere) return;
  // it may just have been started
  const view = viewOf(roots, record);
  if (view.status === 'created' || (by === 'stop-all' && !isRunning(view))) return;
  // of this life: it may be started again before we look
  const keeper = keeperOf(join(run, LOCK_FILE));
  if (view.state && isRunning(view)) {
    const { graceMs = record.config.stop?.graceMs ?? DEFAULT_GRACE } = options;
    await end({ state: view.state, dir: run }, signal ?? record.stopSignal, graceMs, {
      meanwhile: () => syncRecord(roots, record),
      isFrozen: view.status === 'paused',
      told: (sent) => tellKill(roots, record, { by, ...sent }),
    });
  }
  await keeper?.gone();
  sweepEnded(roots, id);
  if (view.state && isRunning(view)) tell(roots, record, 'stop');
  if (unwritten && hasPolicy(record) && by !== 'stop-all')
    throw new TinyrunError(
      'NO_SPACE',
      `stop ${text}: it has stopped, but may start again after a reboot: ${kernelReason(unwritten)}`,
      {
        cause: unwritten,
      },
    );
}

/** How it ended is known even where there is no room to write that down. */
function sweepEnded(roots: Roots, id: string): void {
  try {
    sweepOne(roots, id, { wait: true });
  } catch (error) {
    if (!isTinyrunError(error, 'NO_SPACE')) throw error;
  }
}

interface Stopping {
  readonly isFrozen: boolean;
  meanwhile(): void;
  told(sent: { readonly signal: number; readonly graceMs?: number }): void;
}

async function end(
  container: Container,
  signal: number,
  graceMs: number,
  { meanwhile, isFrozen, told }: Stopping,
): Promise<void> {
  await withProcess(container.state, async (pidfd) => {
    told({ signal });
    signalPidfd(pidfd, signal);
    // what is frozen does not get it
    if (isFrozen) setFrozenIfThere(container, false);
    meanwhile();
    if (await hasEnded(pidfd, graceMs < 0 ? undefined : graceMs)) return;
    told({ signal: SIGKILL, graceMs });
    signalPidfd(pidfd, SIGKILL);
    await hasEnded(pidfd);
  });
}

/** Does something with a process as long as it is there. */
async function withProcess(state: StateFile, act: (pidfd: Fd) => Promise<unknown>): Promise<void> {
  const pidfd = openProcess(state.pid, BigInt(state.startTime));
  if (pidfd === undefined) return;
  try {
    await act(pidfd);
  } finally {
    native().close(pidfd);
  }
}

/** Stops a container, if it runs, and starts it. @throws TinyrunError */
export async function restartContainer(
  roots: Roots,
  text: string,
  options: StopOptions,
  findPid: FindPid,
): Promise<void> {
  const view = findContainer(roots, text);
  const { id, config } = view.record;
  if (isRunning(view) && config.autoRemove)
    throw new TinyrunError(
      'UNSUPPORTED',
      `container ${text} is removed when it ends (--rm): it cannot be restarted`,
      {
        hint: 'make another one: tinyrun run',
      },
    );
  await stopContainer(roots, id, options, 'restart');
  await startContainer(roots, id, findPid);
  tell(roots, view.record, 'restart');
}

/**
 * Waits for the end of a container that runs, and answers the exit code of its program: that of its last end where it does
 * not run, 0 before the first, and where it was removed before anybody could know.
 * @throws TinyrunError CONTAINER_NOT_FOUND
 */
export async function waitForContainer(roots: Roots, text: string): Promise<number> {
  const view = findContainer(roots, text);
  const { record, state } = view;
  if (record.exit || view.status === 'created') return codeOf(record);
  const { run } = containerPaths(roots, record.id);
  let seen: ContainerExit | undefined;
  const look = () => {
    seen ??= exitIn(run, record.id);
  };
  // it goes with the directory
  const watcher = watchIfThere(run, look);
  const keeper = keeperOf(join(run, LOCK_FILE));
  try {
    // it may have ended, and be taken back
    if (state && isRunning(view)) await withProcess(state, (pidfd) => hasEnded(pidfd));
    look();
    if (hasPolicy(record)) await awaitEnd(roots, record.id, () => seen);
    else await keeper?.gone();
  } finally {
    watcher?.close();
  }
  if (seen) return seen.code;
  sweepQuietly(roots, record.id, true);
  return (
    (readRecord(roots, record.id)?.exit ?? exitIn(run, record.id))?.code ??
    (await toldCode(roots, record)) ??
    0
  );
}

/** Of one that went with its command: what that told of its end. */
export async function toldCode(roots: Roots, record: ContainerRecord): Promise<number | undefined> {
  const { eventsOf } = await import('./events/events.ts');
  const filters = [`container=${record.id}`, 'event=die'];
  let code: number | undefined;
  for await (const { event } of eventsOf(roots, { since: startOf(record), until: rfc3339(), filters }))
    code = Number(event.Actor.Attributes.exitCode);
  return code;
}

/** Of one whose monitor goes on: until it is known how it ended. */
const awaitEnd = (roots: Roots, id: string, seen: () => ContainerExit | undefined): Promise<void> =>
  awaitChange(roots, id, ({ record }) => seen() !== undefined || record.exit !== undefined);

function exitIn(run: string, id: string): ContainerExit | undefined {
  try {
    return readExit(id, join(run, EXIT_FILE));
  } catch {
    return undefined;
  }
}
