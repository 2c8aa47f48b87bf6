import type { StepFailure } from '../native/types.ts';
import type { Step } from '../plan/types.ts';
import { SIGKILL } from '../spec/linux.ts';
import { signalEach } from './cgroup.ts';
import { launchSync } from './launch.ts';
import { type Container, isAlive, type StateFile } from './state.ts';
import { membersOf } from './whereabouts.ts';

function killStep({ pid, startTime }: StateFile, signal: number): Step {
  return {
    op: 'kill',
    lane: 'host',
    args: { pid, startTime: BigInt(startTime), signal },
    why: 'the first process of the container gets the signal',
  };
}

/**
 * Sends a signal to every process of a container, also when the first one has ended: in a host's pid namespace the others
 * live on. Answers whether there was anybody. What is born while it is being killed is killed as well.
 */
export function signalAll(container: Container, signal: number): boolean {
  const done = new Set<number>();
  for (;;) {
    const left = membersOf(container).filter((pid) => !done.has(pid));
    if (left.length === 0) return done.size > 0;
    signalEach(left, signal);
    for (const pid of left) done.add(pid);
    if (signal !== SIGKILL) return true;
  }
}

/** Sends a signal to a container's first process; answers whether that was there. */
export function signalFirst(state: StateFile, signal: number): boolean {
  if (!isAlive(state)) return false;
  try {
    launchSync({ plan: { steps: [killStep(state, signal)] } });
    return true;
  } catch (error) {
    // it has ended since we looked
    if (((error as Error).cause as StepFailure | undefined)?.code === 'ESRCH') return false;
    throw error;
  }
}
