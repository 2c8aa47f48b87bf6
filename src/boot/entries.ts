/**
 * What has a start-up snapshot of its own. V8 reads all of one at each start: verbs that are called often have one without
 * the others.
 */
export type Entry = 'main' | 'run' | 'tinyrunc' | 'brief';

/** The verbs of `tinyrun` that are in `run`: all that makes a container. */
export const MAKING = ['create', 'run'] as const;
