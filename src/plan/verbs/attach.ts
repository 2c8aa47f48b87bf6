import { CLONE_NEWNET } from '../../spec/linux.ts';
import { Context } from '../compile/context.ts';
import { contributions } from '../compile/contributions.ts';
import type { Contribution } from '../contribution.ts';
import type { HostFacts } from '../host.ts';
import { NO_SLOT, type Plan } from '../types.ts';

/** A running container's first process, and its start time in clock ticks since boot: the pid alone may be another's by then. */
export interface AttachTarget {
  readonly pid: number;
  readonly startTime: bigint;
}

/**
 * What a network adds to a container that runs: a helper goes into its network namespace, stands for its first process (`pidAt`
 * is the helper's pid) and ends without a program. Pure.
 */
export function attachPlan(host: HostFacts, target: AttachTarget, ...all: readonly Contribution[]): Plan {
  const spec = { ociVersion: '', linux: { namespaces: [{ type: 'network' }] } } as const;
  const c = new Context(spec, host, { ...UNUSED, contributions: all });
  const network = contributions(c);
  const slot = c.passedSlot();
  c.onHost('pidfdOpen', { ...target, slot }, 'the process whose network is joined, and no other');
  network.before();
  const helper = 'a helper that goes into its network';
  c.onHost('clone', { flags: 0n, cgroup: NO_SLOT, pass: [...c.passed] }, helper);
  c.inContainer('setns', { slot, flags: CLONE_NEWNET }, 'the network of the first process');
  network.meet();
  c.inContainer('ready', {}, 'there is no program to come');
  c.onHost('awaitReady', {}, 'all of it is done');
  return { steps: c.steps };
}

/** No container is made: what a Context asks for and this does not use. */
const UNUSED = {
  id: '',
  bundle: '',
  rootfs: { kind: 'directory', path: '/' },
  wait: { kind: 'exec' },
} as const;
