import { TinyrunError } from '../errors.ts';
import type { Plan } from '../plan/types.ts';
import { type Container, specState } from './container.ts';
import { deleteContainer } from './delete.ts';
import { runHooks } from './hooks.ts';
import { launchSync } from './launch.ts';

/** ENXIO: nobody reads the fifo any more. */
const ENXIO = 6;

function refuse(message: string): TinyrunError {
  return new TinyrunError('CONTAINER_NOT_RUNNING', message, {
    hint: 'tinyrunc state shows what it is; only a created container can be started, once',
  });
}

/** Wakes the waiting init, then unlinks the fifo: a container without it has been started. */
function startPlan(fifo: string): Plan {
  return {
    steps: [
      {
        op: 'signalStart',
        lane: 'host',
        args: { path: fifo },
        why: 'the init that waits runs the program; a failure before execve comes back',
      },
      {
        op: 'unlink',
        lane: 'host',
        args: { path: fifo },
        why: 'its absence says that the container was started',
      },
    ],
  };
}

function isStopped(error: unknown): boolean {
  const cause = (error as Error).cause as { errno?: number } | undefined;
  return cause?.errno === ENXIO;
}

function signal(fifo: string): void {
  try {
    launchSync({ plan: startPlan(fifo) });
  } catch (error) {
    if (isStopped(error)) throw refuse('cannot start a container that has stopped');
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
  if (status === 'stopped') throw refuse('cannot start a container that has stopped');
  if (status !== 'created') throw refuse('cannot start an already running container');
  try {
    signal(state.fifo);
    await runHooks('poststart', state.hooks?.poststart, specState(state, 'running'));
  } catch (error) {
    if (error instanceof TinyrunError && error.code === 'HOOK') {
      await deleteContainer(root, state.id, { force: true, warn });
    }
    throw error;
  }
}
