/** Docker's. */
export type ContainerStatus =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'removing'
  | 'exited'
  | 'dead';

/** What a status is derived from; it is kept nowhere. Each is looked at only where it matters: getters, mostly. */
export interface Facts {
  /** Its run directory: none, its lock held by its lifeline (or a sweep that is at it), or nobody's. */
  readonly dir: 'none' | 'held' | 'free';
  /** The process of state.json; none before that is there. */
  readonly process: 'none' | 'waiting' | 'running' | 'paused' | 'ended';
  /** How it ended is known: to its monitor alone (exit.json in the run directory), or kept with the record. */
  readonly exit: 'none' | 'seen' | 'kept';
  readonly autoRemove: boolean;
  /** Its policy says again of that end, or is at it. */
  readonly again: boolean;
}

/**
 * What a container is. Its end is first its process's, then known, then kept; then its lifeline takes it back. A free lock
 * is for a sweep: what it has been at and could not take back is dead.
 */
export function statusFrom(facts: Facts): ContainerStatus {
  if (facts.exit === 'kept') return facts.dir === 'free' ? 'dead' : endedBy(facts);
  const { process } = facts;
  if (process === 'running' || process === 'paused') return process;
  if (facts.exit === 'seen' || process === 'ended') return endedBy(facts);
  return facts.again && facts.dir === 'held' ? 'restarting' : 'created';
}

function endedBy(facts: Facts): ContainerStatus {
  if (facts.dir !== 'held') return 'exited';
  if (facts.autoRemove) return 'removing';
  return facts.again ? 'restarting' : 'exited';
}

/** Its process is there. */
export function isRunning<V extends { readonly status: ContainerStatus }>(
  view: V,
): view is V & { readonly status: 'running' | 'paused' } {
  return view.status === 'running' || view.status === 'paused';
}
