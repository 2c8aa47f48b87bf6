import type { Hook } from '../../spec/types.ts';
import type { StepArgs } from '../steps.gen.ts';
import type { Context } from './context.ts';
import { STAGE, YIELD } from './options.ts';

/** state.json around the pid, which only the process itself will know; runtime.md, "State". */
function stateAround(c: Context, status: 'creating' | 'created'): { stateHead: string; stateTail: string } {
  const { ociVersion, annotations = {} } = c.spec;
  const head = JSON.stringify({ ociVersion, id: c.options.id, status }).slice(0, -1);
  const tail = JSON.stringify({ bundle: c.options.bundle, annotations }).slice(1);
  return { stateHead: `${head},"pid":`, stateTail: `,${tail}` };
}

function hook(
  c: Context,
  kind: string,
  status: 'creating' | 'created',
  { path, args, env, timeout }: Hook,
): void {
  c.inContainer(
    'hook',
    {
      inRoot: kind === 'createContainer' ? 1 : 0,
      path,
      args: args === undefined || args.length === 0 ? [path] : args,
      // Without one of its own it has the program's, as runc has it.
      env: env ?? c.process.env ?? [],
      timeoutMs: Math.round((timeout ?? 0) * 1000),
      ...stateAround(c, status),
    },
    `hooks.${kind}`,
  );
}

/** Node's part while the container stands before its pivot: hooks in the runtime's namespaces. */
export function runtimeHooks(c: Context): void {
  const { prestart = [], createRuntime = [] } = c.spec.hooks ?? {};
  if (prestart.length + createRuntime.length === 0) return;
  const stage = STAGE.hooks;
  c.inContainer('sync', { stage }, 'namespaces and mounts are there: the runtime may look at them');
  c.onHost('awaitSync', { stage }, 'the container stands before its pivot');
  c.onHost('yield', { tag: YIELD.hooks }, 'prestart and createRuntime hooks');
  c.onHost('signalSync', { stage }, 'on with the container');
}

/** The state is written while the container goes on; with a fork the pid is not known before the stage is reached. */
export function publishState(c: Context, published: StepArgs['publish'] | undefined): void {
  // without an undo: the file goes with its directory, after all else, since others go by it
  if (published) c.onHost('publish', published, 'the pid is known: others may find the container');
}

/** Where the container waits for the state to be written, as late as it can. */
export function awaitState(c: Context, published: StepArgs['publish'] | undefined, forks: boolean): void {
  if (!published) return;
  const stage = STAGE.state;
  c.inContainer('sync', { stage }, 'the state must be there before the program is');
  c.onHost('awaitSync', { stage }, 'only the program is missing');
  if (forks) publishState(c, published);
  c.onHost('signalSync', { stage }, 'the state is written');
}

/** In the container's namespaces, but before the pivot: hook programs are the host's. */
export function createContainerHooks(c: Context): void {
  for (const each of c.spec.hooks?.createContainer ?? []) hook(c, 'createContainer', 'creating', each);
}

/** In the container, after start and before its program. */
export function startContainerHooks(c: Context): void {
  for (const each of c.spec.hooks?.startContainer ?? []) hook(c, 'startContainer', 'created', each);
}
