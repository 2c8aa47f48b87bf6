import { existsSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import type { Hook, HookName, State } from '../spec/types.ts';
import { debug } from './debug.ts';
import { errnoMessage } from './failure.ts';

/** What is left of a hook's output for its error message, characters. */
const SHOWN = 1024;

/** Runs one hook in the runtime's namespaces: argv, environment and the state on stdin as config.md says. */
async function runHook(hook: Hook, state: string, bundle: string): Promise<string | undefined> {
  const { spawnSync } = await import('node:child_process');
  const [argv0 = hook.path, ...args] = hook.args ?? [];
  const result = spawnSync(hook.path, args, {
    argv0,
    // By the time of poststop it may be gone.
    cwd: existsSync(bundle) ? bundle : '/',
    // Like runc: a hook without env gets ours, one with env that and nothing else.
    ...(hook.env === undefined ? {} : { env: environment(hook.env) }),
    input: state,
    encoding: 'utf8',
    killSignal: 'SIGKILL',
    ...(hook.timeout === undefined ? {} : { timeout: hook.timeout * 1000 }),
  });
  // EPIPE: it ended without reading the state, which it need not.
  const unread = errnoOf(result.error) === 'EPIPE';
  if (result.status === 0 && (result.error === undefined || unread)) return undefined;
  return `${hookEnd(hook, result)}, stdout: ${result.stdout?.slice(0, SHOWN) ?? ''}, stderr: ${result.stderr?.slice(0, SHOWN) ?? ''}`;
}

function environment(entries: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    entries.map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

interface HookResult {
  readonly status: number | null;
  readonly signal: string | null;
  readonly error?: Error;
}

function hookEnd(hook: Hook, { status, signal, error }: HookResult): string {
  const code = errnoOf(error);
  if (code === 'ETIMEDOUT') return `hook ran past specified timeout of ${hook.timeout}s`;
  if (error !== undefined && code !== 'EPIPE')
    return `fork/exec ${hook.path}: ${errnoMessage(-((error as NodeJS.ErrnoException).errno ?? 0))}`;
  return signal === null ? `exit status ${status}` : `signal: ${signal}`;
}

/**
 * Runs the hooks of one kind in order; the first that fails ends it.
 * @throws TinyrunError (HOOK) naming the kind, the index and how the hook ended.
 */
export async function runHooks(
  kind: HookName,
  hooks: readonly Hook[] | undefined,
  state: State,
): Promise<void> {
  if (hooks === undefined || hooks.length === 0) return;
  const text = JSON.stringify(state);
  for (const [index, hook] of hooks.entries()) {
    const failure = await runHook(hook, text, state.bundle);
    debug(() => `${kind} hook #${index} (${hook.path}): ${failure ?? 'done'}`);
    if (failure === undefined) continue;
    throw new TinyrunError('HOOK', `error running ${kind} hook #${index} (${hook.path}): ${failure}`);
  }
}

/**
 * Runs hooks whose failure must not stop the rest (poststart, poststop): runtime.md of the specification, steps 10
 * and 13 of the lifecycle. @returns a message per failure, to be logged.
 */
export async function runHooksLoosely(
  kind: HookName,
  hooks: readonly Hook[] | undefined,
  state: State,
): Promise<string[]> {
  const failures: string[] = [];
  for (const hook of hooks ?? []) {
    await runHooks(kind, [hook], state).catch((error: Error) => failures.push(error.message));
  }
  return failures;
}
