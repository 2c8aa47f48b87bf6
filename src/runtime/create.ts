import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { SIGKILL } from '../spec/linux.ts';
import { rfc3339 } from '../store/time.ts';
import { type Bundle, readBundle } from './bundle.ts';
import { checkConsoleSocket } from './console.ts';
import { specState } from './container.ts';
import { abandonDir, type ClaimedDir, claimDir, takeBackDir } from './dir.ts';
import { runHooksLoosely } from './hooks.ts';
import { hostFacts } from './host.ts';
import { type Launched, launch, launchSync } from './launch.ts';
import { type CreateOptions, FIFO, type Planned, planOf } from './planned.ts';
import { bootId, CONFIG_FILE, containerDir, type StateFile, writeState } from './state.ts';
import { answerYield } from './yields.ts';

export type { CreateOptions } from './planned.ts';

/** A container that was created (or is running), before anyone was told. */
export interface Made {
  readonly dir: string;
  readonly state: StateFile;
  readonly launched: Launched;
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

/** On this thread unless Node has a part in the plan: hooks, systemd, a seccomp listener. */
async function runPlan(
  bundle: Bundle,
  planned: Planned,
  draft: StateFile,
  options: CreateOptions,
): Promise<Launched> {
  const { plan, scope } = planned;
  const common = { plan, preserveFds: options.preserveFds };
  if (!plan.steps.some(({ op }) => op === 'yield')) return launchSync(common);
  const onYield = answerYield({
    spec: bundle.spec,
    slots: planned.slots,
    state: draft,
    status: 'creating',
    scope,
    rootless: options.rootless,
  });
  return await launch({ ...common, onYield });
}

/** Takes back a container that could not be made; its poststop hooks run, as the lifecycle's steps 12 and 13 say. */
async function abandon(
  dir: ClaimedDir,
  draft: StateFile | undefined,
  error: unknown,
  options: CreateOptions,
): Promise<void> {
  abandonDir(dir, error);
  if (draft === undefined || !(error instanceof TinyrunError) || error.code !== 'HOOK') return;
  const failures = await runHooksLoosely('poststop', draft.hooks?.poststop, specState(draft, 'stopped'));
  failures.forEach(options.warn);
}

async function build(bundle: Bundle, claimed: ClaimedDir, options: CreateOptions): Promise<Made> {
  const { path: dir, journal } = claimed;
  let draft: StateFile | undefined;
  try {
    const planned = planOf(bundle, dir, options);
    planned.warnings.forEach(options.warn);
    draft = draftState(bundle, dir, planned, options);
    writeFileSync(join(dir, CONFIG_FILE), bundle.text, { mode: 0o600 });
    journal.begin('create', planned.plan);
    const launched = await runPlan(bundle, planned, draft, options);
    const state = { ...draft, pid: launched.pid, startTime: String(launched.startTime) };
    writeState(dir, state);
    return { dir, state, launched };
  } catch (error) {
    await abandon(claimed, draft, error, options);
    throw error;
  }
}

/**
 * Makes a container from a bundle. When it fails nothing is left of it.
 * `announce` tells the caller's peers (console socket, pid file) while the container is still locked; when it throws
 * the container is taken back too.
 * @throws TinyrunError (CONTAINER_ID, BUNDLE, SPEC_INVALID, NAME_IN_USE, HOOK, SYSCALL, COMMAND_NOT_FOUND …)
 */
export async function createContainer(
  options: CreateOptions,
  announce: (made: Made) => void = () => {},
): Promise<Made> {
  const dir = containerDir(options.root, options.id);
  const bundle = readBundle(options.bundle, ({ path, message }) => options.warn(`${path}: ${message}`));
  checkConsoleSocket(options.consoleSocket, bundle.spec.process?.terminal ?? false, options.detach);
  const claimed = claimDir(dir);
  if (claimed === undefined) throw idInUse();
  try {
    const made = await build(bundle, claimed, options);
    try {
      announce(made);
    } catch (error) {
      await unmake(made);
      throw error;
    }
    return made;
  } finally {
    claimed.lock.release();
  }
}

async function unmake({ dir, launched }: Made): Promise<void> {
  native().pidfdSendSignal(launched.pidfd, SIGKILL);
  await launched.wait();
  takeBackDir(dir);
}
