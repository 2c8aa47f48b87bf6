import type { Step } from './types.ts';

/**
 * What a network adds to a plan: data. The same value serves a container that is started and one that runs (`attach`), and its
 * undo is in the journal like that of every step.
 */
export interface Contribution {
  /** Host lane, before the child is cloned: what it finds there. */
  readonly before?: readonly Step[];
  /** Host lane, once the child has its namespaces. */
  readonly born?: readonly Step[];
  /** Container lane, in the child's namespaces, before it is given a root of its own. */
  readonly inside?: readonly Step[];
}
