/** What has a start-up snapshot of its own: a command line, and the verbs of `BRIEF`, whose heap is smaller. */
export type Entry = 'main' | 'tinyrunc' | 'brief';

/** The verbs of tinyrunc that are called most and make no process; its launcher looks for them, too. */
export const BRIEF: readonly string[] = ['start', 'state', 'kill', 'delete'];
