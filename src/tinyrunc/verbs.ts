import { dict } from '../store/dict.ts';
import type { Verb } from './verb.ts';

interface Entry {
  readonly summary: string;
  /**
   * Called most, and makes no process: it has, with its like, a start-up snapshot of its own, whose heap is smaller. The
   * launcher looks for these (scripts/launchers.mjs makes it).
   */
  readonly brief?: boolean;
  /** Loads the one file of the verb; nothing of the others runs. */
  load(): Promise<{ verb: Verb }>;
}

/** The verbs in the order of `tinyrunc help`. */
export const VERBS: Readonly<Record<string, Entry>> = dict({
  checkpoint: { summary: 'not supported', load: () => import('./verbs/unsupported.ts') },
  create: { summary: 'create a container', load: () => import('./verbs/create.ts') },
  delete: {
    summary: 'delete any resources held by the container',
    brief: true,
    load: () => import('./verbs/delete.ts'),
  },
  events: {
    summary: 'display container events such as OOM notifications, cpu, memory, and IO usage statistics',
    load: () => import('./verbs/events.ts'),
  },
  exec: { summary: 'execute new process inside the container', load: () => import('./verbs/exec.ts') },
  features: { summary: 'show the enabled features', load: () => import('./verbs/features.ts') },
  kill: {
    summary: "send the specified signal (default: SIGTERM) to the container's init process",
    brief: true,
    load: () => import('./verbs/kill.ts'),
  },
  list: {
    summary: 'list containers started by tinyrunc with the given root',
    load: () => import('./verbs/list.ts'),
  },
  pause: { summary: 'suspend all processes inside the container', load: () => import('./verbs/pause.ts') },
  ps: { summary: 'display the processes running inside a container', load: () => import('./verbs/ps.ts') },
  restore: { summary: 'not supported', load: () => import('./verbs/unsupported.ts') },
  resume: {
    summary: 'resume all processes that have been previously paused',
    load: () => import('./verbs/resume.ts'),
  },
  run: { summary: 'create and run a container', load: () => import('./verbs/run.ts') },
  spec: { summary: 'create a new specification file', load: () => import('./verbs/spec.ts') },
  start: {
    summary: 'execute the user defined process in a created container',
    brief: true,
    load: () => import('./verbs/start.ts'),
  },
  state: {
    summary: 'output the state of a container',
    brief: true,
    load: () => import('./verbs/state.ts'),
  },
  update: { summary: 'update container resource constraints', load: () => import('./verbs/update.ts') },
});

/** The brief ones. */
export const BRIEF: readonly string[] = Object.entries(VERBS).flatMap(([name, { brief }]) =>
  brief ? [name] : [],
);
