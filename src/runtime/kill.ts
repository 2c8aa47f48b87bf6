import { TinyrunError } from '../errors.ts';
import type { Step } from '../plan/types.ts';
import { SIGKILL } from '../spec/linux.ts';
import { signalEach } from './cgroup.ts';
import type { Container } from './container.ts';
import { launchSync } from './launch.ts';
import { membersOf } from './whereabouts.ts';

/** runc's words; containerd's shim takes them for "already gone". */
function notRunning(): TinyrunError {
  return new TinyrunError('CONTAINER_NOT_RUNNING', 'container not running', {
    hint: 'tinyrunc state shows what it is; only created, running and paused containers take signals',
  });
}

function killStep(container: Container, signal: number): Step {
  const { pid, startTime } = container.state;
  return {
    op: 'kill',
    lane: 'host',
    args: { pid, startTime: BigInt(startTime), signal },
    why: 'the first process of the container gets the signal',
  };
}

/** Answers whether there was anybody. What is born while it is being killed is killed as well. */
function signalAll(container: Container, signal: number): boolean {
  const done = new Set<number>();
  for (;;) {
    const left = membersOf(container).filter((pid) => !done.has(pid));
    if (left.length === 0) return done.size > 0;
    signalEach(left, signal);
    for (const pid of left) done.add(pid);
    if (signal !== SIGKILL) return true;
  }
}

/**
 * Sends a signal to a container's first process, or with `all` to every process of it (also when the first one has
 * ended: in a host's pid namespace the others live on).
 * @throws TinyrunError (CONTAINER_NOT_RUNNING)
 */
export function killContainer(container: Container, signal: number, all: boolean): void {
  const { status } = container;
  if (all && signalAll(container, signal)) return;
  if (status === 'stopped') {
    if (all) return;
    throw notRunning();
  }
  launchSync({ plan: { steps: [killStep(container, signal)] } });
}
