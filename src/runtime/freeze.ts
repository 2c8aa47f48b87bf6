import { TinyrunError } from '../errors.ts';
import type { Step } from '../plan/types.ts';
import { launchSync } from './launch.ts';
import type { Container } from './state.ts';
import { liveCgroups } from './whereabouts.ts';

/** Freezes a container that lives, or lets it go on. @throws TinyrunError (UNSUPPORTED, SYSCALL) */
export function setFrozen(container: Container, frozen: boolean): void {
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
