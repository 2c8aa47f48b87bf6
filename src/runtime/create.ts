import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { compile } from '../plan/compile/index.ts';
import type { CgroupChoice, Compiled, CompileOptions } from '../plan/compile/options.ts';
import type { Spec } from '../spec/types.ts';
import type { Lock } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { type Bundle, readBundle } from './bundle.ts';
import { cgroupPids } from './cgroup.ts';
import { checkConsoleSocket, ownSize } from './console.ts';
import { specState } from './container.ts';
import { withHome } from './home.ts';
import { runHooksLoosely } from './hooks.ts';
import { hostFacts } from './host.ts';
import { isHalfMade, lockContainerDir, removeContainerDir, sweepOne, writeJournal } from './journal.ts';
import { type Launched, launch, launchSync } from './launch.ts';
import { compileSeccomp } from './seccomp.ts';
import { bootId, containerDir, type StateFile, writeState } from './state.ts';
import { parseScope, type ScopeName, scopePath } from './systemd.ts';
import { answerYield } from './yields.ts';

export interface CreateOptions {
  /** Directory of all containers' state. */
  readonly root: string;
  readonly id: string;
  readonly bundle: string;
  /** created: the program waits for `start`. running: it is executed before this returns. */
  readonly until: 'created' | 'running';
  /** Whether this process leaves while the container lives on: then a terminal needs a socket. */
  readonly detach: boolean;
  readonly consoleSocket?: string | undefined;
  /** fds 3 … 3+n-1 stay open in the container. */
  readonly preserveFds: number;
  /** Added to process.env. */
  readonly env: readonly string[];
  readonly noPivot: boolean;
  readonly noNewKeyring: boolean;
  readonly systemdCgroup: boolean;
  readonly rootless: boolean;
  readonly warn: (message: string) => void;
}

/** A container that was created (or is running), before anyone was told. */
export interface Made {
  readonly dir: string;
  readonly state: StateFile;
  readonly launched: Launched;
}

/** Names of files in a container's directory. */
const FIFO = 'exec.fifo';
export const CONFIG_FILE = 'config.json';
/** `~` is in no id, so this is no container's directory. */
export const SECCOMP_CACHE = '~seccomp';

/** Makes the container's directory and locks it; what a killed creator left under the id is taken back first. */
function claim(dir: string): Lock {
  ensureDir(join(dir, '..'));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isHalfMade(dir) || !sweepOne(dir)) throw idInUse();
    mkdirSync(dir, { mode: 0o700 });
  }
  const lock = lockContainerDir(dir);
  if (lock === undefined || !existsSync(dir)) throw idInUse();
  return lock;
}

/** runc's words. */
function idInUse(): TinyrunError {
  return new TinyrunError('NAME_IN_USE', 'container with given ID already exists', {
    hint: 'choose another id, or delete that container',
  });
}

interface Planned extends Compiled {
  readonly scope?: ScopeName;
}

function cgroupOf(bundle: Bundle, options: CreateOptions): { choice?: CgroupChoice; scope?: ScopeName } {
  if (!options.systemdCgroup) return {};
  const scope = parseScope(bundle.spec.linux?.cgroupsPath, options.id, options.rootless);
  return { choice: { path: scopePath(scope), manager: 'external' }, scope };
}

function foregroundSize({ spec }: Bundle, { detach }: CreateOptions): Pick<CompileOptions, 'console'> {
  const size = spec.process?.terminal && !detach ? ownSize() : undefined;
  return size === undefined ? {} : { console: size };
}

/** What the command line and the directory's name have to say in the spec. */
function prepared({ spec, rootfs }: Bundle, dir: string, { id, env }: CreateOptions): Spec {
  const { process } = spec;
  const withEnv =
    process === undefined
      ? spec
      : { ...spec, process: withHome({ ...process, env: [...(process.env ?? []), ...env] }, rootfs) };
  // A cgroup is named like the id, but a file system takes no name of 1024 characters.
  if (spec.linux?.cgroupsPath || basename(dir) === id) return withEnv;
  return { ...withEnv, linux: { ...spec.linux, cgroupsPath: basename(dir) } };
}

/** A cgroup with processes is somebody's: delete would kill them with the container's. runc's words. */
function checkCgroup(cgroup: string): void {
  const count = cgroupPids(cgroup).length;
  if (count === 0) return;
  throw new TinyrunError('NAME_IN_USE', `container's cgroup is not empty: ${count} process(es) found`, {
    hint: `give it one of its own by linux.cgroupsPath, or end what runs in ${cgroup}`,
  });
}

/** config.json and what the host can do → the plan. */
function planOf(bundle: Bundle, dir: string, options: CreateOptions): Planned {
  const { spec } = bundle;
  const profile = spec.linux?.seccomp;
  const { choice, scope } = cgroupOf(bundle, options);
  const compileOptions: CompileOptions = {
    id: options.id,
    bundle: bundle.path,
    rootfs: { kind: 'directory', path: bundle.rootfs },
    wait: options.until === 'created' ? { kind: 'fifo', path: join(dir, FIFO) } : { kind: 'exec' },
    onMissingController: 'warn',
    preserveFds: options.preserveFds,
    noPivot: options.noPivot,
    noNewKeyring: options.noNewKeyring,
    ...foregroundSize(bundle, options),
    ...(profile === undefined ? {} : { seccomp: compileSeccomp(profile, join(options.root, SECCOMP_CACHE)) }),
    ...(choice === undefined ? {} : { cgroup: choice }),
  };
  const compiled = compile(prepared(bundle, dir, options), hostFacts(), compileOptions);
  if (compiled.cgroup !== undefined && scope === undefined) checkCgroup(compiled.cgroup);
  return { ...compiled, ...(scope === undefined ? {} : { scope }) };
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
    created: new Date().toISOString(),
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
  dir: string,
  draft: StateFile | undefined,
  error: unknown,
  options: CreateOptions,
): Promise<void> {
  removeContainerDir(dir);
  if (draft === undefined || !(error instanceof TinyrunError) || error.code !== 'HOOK') return;
  const failures = await runHooksLoosely('poststop', draft.hooks?.poststop, specState(draft, 'stopped'));
  failures.forEach(options.warn);
}

async function build(bundle: Bundle, dir: string, options: CreateOptions): Promise<Made> {
  let draft: StateFile | undefined;
  try {
    const planned = planOf(bundle, dir, options);
    planned.warnings.forEach(options.warn);
    draft = draftState(bundle, dir, planned, options);
    writeFileSync(join(dir, CONFIG_FILE), bundle.text, { mode: 0o600 });
    writeJournal(dir, planned.plan);
    const launched = await runPlan(bundle, planned, draft, options);
    const state = { ...draft, pid: launched.pid, startTime: String(launched.startTime) };
    writeState(dir, state);
    return { dir, state, launched };
  } catch (error) {
    await abandon(dir, draft, error, options);
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
  const lock = claim(dir);
  try {
    const made = await build(bundle, dir, options);
    try {
      announce(made);
    } catch (error) {
      await unmake(made);
      throw error;
    }
    return made;
  } finally {
    lock.release();
  }
}

const SIGKILL = 9;

async function unmake({ dir, launched }: Made): Promise<void> {
  native().pidfdSendSignal(launched.pidfd, SIGKILL);
  await launched.wait();
  removeContainerDir(dir);
}
