import { renameSync } from 'node:fs';
import { errnoOf, isTinyrunError } from '../errors.ts';
import type { Plan } from '../plan/types.ts';
import { runHooks } from '../runtime/hooks.ts';
import { launchSync } from '../runtime/launch.ts';
import { specState } from '../runtime/state.ts';
import type { Container } from './container.ts';
import { deleteContainer } from './delete.ts';
import { refuse } from './refusals.ts';

/** ENXIO: nobody reads the fifo any more. */
const ENXIO = 6;

// runc's words, which its callers know.
const HAS_STOPPED = 'cannot start a container that has stopped';
const PAUSED = 'cannot start a container in the paused state';
const ALREADY_RUNNING = 'cannot start an already running container';

const refuseStart = (message: string): never =>
  refuse(message, 'tinyrunc state shows what it is; only a created container can be started, once');

/** Wakes the waiting init and waits for its execve; a failure before that comes back through the fifo. */
export function startPlan(fifo: string): Plan {
  return {
    steps: [
      { op: 'signalStart', lane: 'host', args: { path: fifo }, why: 'the init that waits runs the program' },
      { op: 'unlink', lane: 'host', args: { path: fifo }, why: 'nobody waits at it any more' },
    ],
  };
}

function isStopped(error: unknown): boolean {
  const cause = (error as Error).cause as { errno?: number } | undefined;
  return cause?.errno === ENXIO;
}

/** A container without its fifo has been started: of two that start it at once, one does not find it any more. */
function takeFifo(fifo: string): string {
  const taken = `${fifo}.taken`;
  try {
    renameSync(fifo, taken);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') refuseStart(ALREADY_RUNNING);
    throw error;
  }
  return taken;
}

function wake(fifo: string): void {
  try {
    launchSync({ plan: startPlan(takeFifo(fifo)) });
  } catch (error) {
    if (isStopped(error)) refuseStart(HAS_STOPPED);
    throw error;
  }
}

/**
 * Runs the startContainer hooks, the program and then the poststart hooks of a created container; the program has
 * been executed by the time those run. When a hook fails the container is destroyed: steps 7 and 9 of the lifecycle.
 * @throws TinyrunError (CONTAINER_NOT_RUNNING, HOOK, COMMAND_NOT_FOUND …)
 */
export async function startContainer(
  root: string,
  container: Container,
  warn: (message: string) => void,
): Promise<void> {
  const { state, status } = container;
  if (status === 'stopped') refuseStart(HAS_STOPPED);
  if (status === 'paused') refuseStart(PAUSED);
  if (status !== 'created') refuseStart(ALREADY_RUNNING);
  try {
    wake(state.fifo);
    await runHooks('poststart', state.hooks?.poststart, specState(state, 'running'));
  } catch (error) {
    if (isTinyrunError(error, 'HOOK')) {
      await deleteContainer(root, state.id, { force: true, warn });
    }
    throw error;
  }
}
