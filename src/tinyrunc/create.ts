import { existsSync } from 'node:fs';
import { isTinyrunError, TinyrunError } from '../errors.ts';
import { type ClaimedDir, claimDir, takeBackDir, takeBackFailed } from '../runtime/dir.ts';
import { runHooksLoosely } from '../runtime/hooks.ts';
import { hostFacts } from '../runtime/host.ts';
import { type Birth, bear, type Life } from '../runtime/life.ts';
import { ofUs } from '../runtime/own.ts';
import { bootId, type StateFile, specState, writeState } from '../runtime/state.ts';
import { answerYield } from '../runtime/yields.ts';
import { SIGKILL } from '../spec/linux.ts';
import { join } from '../store/join.ts';
import { rfc3339 } from '../store/time.ts';
import { type Bundle, readBundle } from './bundle.ts';
import { checkConsoleSocket } from './console-socket.ts';
import { containerDir } from './container.ts';
import { endScope, keepScope, takeBackHalfMade } from './half-made.ts';
import { type CreateOptions, FIFO, type Planned, planOfBundle } from './planned.ts';

export type { CreateOptions } from './planned.ts';

/** A container that was created (or is running), before anyone was told. */
export interface Made {
  readonly dir: string;
  readonly state: StateFile;
  readonly life: Life;
}

/** runc's words. */
function idInUse(): TinyrunError {
  return new TinyrunError('NAME_IN_USE', 'container with given ID already exists', {
    hint: 'choose another id, or delete that container',
  });
}

/** What is known before there is a process. */
function draftState(bundle: Bundle, dir: string, planned: Planned, options: CreateOptions): StateFile {
  const { spec } = bundle;
  const { poststart, poststop } = spec.hooks ?? {};
  return {
    version: 1,
    id: options.id,
    ociVersion: spec.ociVersion,
    bundle: bundle.path,
    rootfs: bundle.rootfs,
    created: rfc3339(),
    owner: hostFacts().uid,
    pid: 0,
    startTime: '0',
    bootId: bootId(),
    ...(spec.annotations === undefined ? {} : { annotations: spec.annotations }),
    ...(planned.cgroup === undefined ? {} : { cgroup: planned.cgroup }),
    fifo: options.until === 'created' ? join(dir, FIFO) : '',
    ...(planned.scope === undefined ? {} : { scope: planned.scope.unit }),
    ...(poststart === undefined && poststop === undefined
      ? {}
      : { hooks: { ...(poststart && { poststart }), ...(poststop && { poststop }) } }),
  };
}

/** Before its cgroup is removed, of which systemd might not hear. Where there is none, systemd has heard, or none was made. */
async function takeBackScope(dir: string, cgroup: string | undefined, error: unknown): Promise<void> {
  if (cgroup === undefined || !existsSync(cgroup)) return;
  try {
    await endScope(dir);
  } catch (left) {
    if (error instanceof Error) error.message += `; ${(left as Error).message}`;
  }
}

/** Takes back a container that could not be made; its poststop hooks run, as the lifecycle's steps 12 and 13 say. */
async function takeBackUnborn(
  dir: ClaimedDir,
  draft: StateFile | undefined,
  error: unknown,
  options: CreateOptions,
): Promise<void> {
  await takeBackScope(dir.path, draft?.cgroup, error);
  takeBackFailed(dir, error);
  if (draft === undefined || !isTinyrunError(error, 'HOOK')) return;
  const failures = await runHooksLoosely('poststop', draft.hooks?.poststop, specState(draft, 'stopped'));
  failures.forEach(options.warn);
}

/** On this thread unless Node has a part in the plan: hooks, systemd, a seccomp listener. */
function birthOf(
  { spec, text }: Bundle,
  dir: ClaimedDir,
  { plan, slots, scope }: Planned,
  { draft, options }: { draft: StateFile; options: CreateOptions },
): Birth {
  const { preserveFds, rootless } = options;
  const onYield = answerYield({ spec, slots, state: draft, status: 'creating', scope, rootless });
  const { cgroup } = draft;
  return { dir, plan, cgroup, config: text, parent: ofUs({ preserveFds, blocking: true, onYield }) };
}

async function build(bundle: Bundle, claimed: ClaimedDir, options: CreateOptions): Promise<Made> {
  const { path: dir } = claimed;
  let draft: StateFile | undefined;
  try {
    const planned = planOfBundle(bundle, dir, options);
    planned.warnings.forEach(options.warn);
    draft = draftState(bundle, dir, planned, options);
    keepScope(dir, draft);
    const life = await bear(birthOf(bundle, claimed, planned, { draft, options }));
    const state = { ...draft, pid: life.pid, startTime: String(life.startTime) };
    writeState(dir, state);
    return { dir, state, life };
  } catch (error) {
    await takeBackUnborn(claimed, draft, error, options);
    throw error;
  }
}

/**
 * Makes a container from a bundle. When it fails nothing is left of it.
 * `announce` tells the caller's peers (console socket, pid file) while the container is still locked; when it throws
 * the container is taken back too.
 * @throws TinyrunError (CONTAINER_ID, BUNDLE, SPEC_INVALID, NAME_IN_USE, HOOK, SYSCALL, COMMAND_NOT_FOUND …)
 */
export async function createFromBundle(
  options: CreateOptions,
  announce: (made: Made) => void = () => {},
): Promise<Made> {
  const dir = containerDir(options.root, options.id);
  const bundle = readBundle(options.bundle, ({ path, message }) => options.warn(`${path}: ${message}`));
  checkConsoleSocket(options.consoleSocket, bundle.spec.process?.terminal ?? false, options.detach);
  await takeBackHalfMade(dir);
  const claimed = claimDir(dir);
  if (claimed === undefined) throw idInUse();
  try {
    const made = await build(bundle, claimed, options);
    try {
      announce(made);
    } catch (error) {
      await takeBackUntold(made, error);
      throw error;
    }
    return made;
  } finally {
    claimed.lock.release();
  }
}

/** Takes back a container that runs already, and that nobody heard of. */
async function takeBackUntold({ dir, life, state }: Made, error: unknown): Promise<void> {
  life.signal(SIGKILL);
  await life.ended();
  await takeBackScope(dir, state.cgroup, error);
  takeBackDir(dir);
}
