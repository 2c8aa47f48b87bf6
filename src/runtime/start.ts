import { readlinkSync } from 'node:fs';
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
      { op: 'signalStart', lane: 'host', args: { path: fifo }, why: 'the init that waits runs the program' },
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

/** The init that waits is run from a memfd; '' once the process is gone. */
function executable(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return '';
  }
}

/**
 * Resolves when the init has become the program, or has ended: poststart hooks come after startContainer's and after
 * execve. The kernel tells of an execve to tracers alone, so this looks every millisecond.
 */
async function untilExecuted(pid: number): Promise<void> {
  while (executable(pid).startsWith('/memfd:tinyrun-init'))
    await new Promise((resolve) => setTimeout(resolve, 1));
}

/**
 * Runs the program of a created container, then its poststart hooks. When one of those fails the container is
 * destroyed, as step 9 of the lifecycle has it.
 * @throws TinyrunError (CONTAINER_NOT_RUNNING, HOOK)
 */
export async function startContainer(
  root: string,
  container: Container,
  warn: (message: string) => void,
): Promise<void> {
  const { state, status } = container;
  if (status === 'stopped') throw refuse('cannot start a container that has stopped');
  if (status !== 'created') throw refuse('cannot start an already running container');
  signal(state.fifo);
  if (state.hooks?.poststart?.length) await untilExecuted(state.pid);
  try {
    await runHooks('poststart', state.hooks?.poststart, specState(state, 'running'));
  } catch (error) {
    await deleteContainer(root, state.id, { force: true, warn });
    throw error;
  }
}
