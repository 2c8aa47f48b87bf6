import type { Step } from './types.ts';

/**
 * What a network adds to a plan: data. The same value serves a container that is started and one that runs (`attachPlan`), and its
 * undo is in the journal like that of every step.
 */
export interface Contribution {
  /** Host lane, before the child is cloned: what it finds there. */
  readonly before?: readonly Step[];
  /** Host lane, once the child has its namespaces; `pidAt` is then a process in them. */
  readonly born?: readonly Step[];
  /** Container lane, in the child's network namespace, before it is given a root of its own: /proc is the host's. */
  readonly inside?: readonly Step[];
  /** How many slots its steps use, which they number from 0: where those are in a plan is the compiler's to say. */
  readonly slots?: number;
  /** Which of them the container lane has, too. */
  readonly passed?: readonly number[];
}
