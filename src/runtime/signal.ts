import { TinyrunError } from '../errors.ts';
import type { Step } from '../plan/types.ts';
import { cgroupPids, signalCgroup } from './cgroup.ts';
import type { Container } from './container.ts';
import { launchSync } from './launch.ts';

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

/**
 * Sends a signal to a container's first process, or with `all` to every process of its cgroup (also when the first
 * one has ended: in a host's pid namespace the others live on).
 * @throws TinyrunError (CONTAINER_NOT_RUNNING)
 */
export function killContainer(container: Container, signal: number, all: boolean): void {
  const { cgroup } = container.state;
  if (all && cgroup !== undefined && (container.status !== 'stopped' || cgroupPids(cgroup).length > 0)) {
    signalCgroup(cgroup, signal);
    return;
  }
  if (container.status === 'stopped') {
    if (all) return;
    throw notRunning();
  }
  launchSync({ plan: { steps: [killStep(container, signal)] } });
}
