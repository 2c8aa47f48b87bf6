import { TinyrunError } from '../errors.ts';
import type { Step } from '../plan/types.ts';
import type { Container } from './container.ts';
import { launchSync } from './launch.ts';
import { liveCgroups } from './whereabouts.ts';

function refuse(message: string, hint: string): TinyrunError {
  return new TinyrunError('CONTAINER_NOT_RUNNING', message, { hint });
}

function setFrozen(container: Container, frozen: boolean): void {
  const cgroups = liveCgroups(container);
  if (cgroups.length === 0) {
    throw new TinyrunError('UNSUPPORTED', 'the container has no cgroup of its own to freeze', {
      hint: 'pausing needs a cgroup2: give it linux.cgroupsPath on a host that has one',
    });
  }
  const why = frozen ? 'stops every process of the container' : 'lets every process of the container go on';
  const steps = cgroups.map(
    (path): Step => ({ op: 'cgroupFreeze', lane: 'host', args: { path, frozen: frozen ? 1 : 0 }, why }),
  );
  launchSync({ plan: { steps } });
}

/** Freezes a created or running container; runc's words for the others. */
export function pauseContainer(container: Container): void {
  const { status } = container;
  if (status !== 'running' && status !== 'created') {
    throw refuse('container not running', 'only created and running containers can be paused');
  }
  setFrozen(container, true);
}

export function resumeContainer(container: Container): void {
  if (container.status !== 'paused') throw refuse('container not paused', 'tinyrunc state shows what it is');
  setFrozen(container, false);
}
