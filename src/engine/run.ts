import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Plan } from '../plan/types.ts';
import { oomKills } from '../runtime/cgroup.ts';
import { isDebugging } from '../runtime/debug.ts';
import { abandonDir, leftOf, removeLockedDir } from '../runtime/dir.ts';
import { type Launched, type LaunchOptions, launch, launchSync } from '../runtime/launch.ts';
import { forwardSignals } from '../runtime/signals.ts';
import type { TerminalPump } from '../runtime/terminal.ts';
import type { Roots } from '../store/paths.ts';
import { rfc3339 } from '../store/time.ts';
import { type Created, createContainer, destroyContainer } from './create.ts';
import { containerPaths } from './layout.ts';
import { attendMonitored, bearMonitored, type Waiting } from './monitored.ts';
import { planOf } from './plan.ts';
import type { Blueprint } from './prepare.ts';
import { type ContainerExit, writeRecord } from './record.ts';
import { type StreamsOfRun, streamsOf } from './streams.ts';
import { sweepRunning } from './sweep.ts';
import type { Lifeline, RunControl, RunResult } from './types.ts';

/** Looking on while a plan runs: --trace and --step. */
export type Watch = Pick<LaunchOptions, 'trace' | 'onPause' | 'onFailure'> & {
  /** The plan, before anything of it runs. */
  readonly onPlan?: (plan: Plan) => void;
  /** All of it has run. */
  readonly onLaunched?: (launched: Launched) => void;
};

/** Makes, runs and waits for a container in the foreground. Nothing of it is left when it was to be removed or failed. */
export async function runBlueprint(
  roots: Roots,
  blueprint: Blueprint,
  control: RunControl,
  watch: Watch = {},
): Promise<RunResult> {
  checkTerminal(blueprint, control);
  sweepRunning(roots);
  // refused limits and impossible mounts are found by the compiler: before anything is made
  const { plan, cgroup } = planOf(
    roots,
    blueprint,
    containerPaths(roots, blueprint.record.id),
    lifelineOf(control, watch),
  );
  watch.onPlan?.(plan);
  const created = createContainer(roots, blueprint, control);
  // a step-by-step launch waits for a person, who may want to end it by Ctrl-C
  let forced = false;
  let giveUp = () => {};
  const insisted = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const onInsist = () => {
    forced = true;
    giveUp();
  };
  const forward = control.forward ?? (control.sigProxy ? forwardSignals : undefined);
  let forwarding = watch.onPause ? undefined : forward?.({ onInsist });
  try {
    if (lifelineOf(control, watch) === 'monitor')
      return await runMonitored(roots, blueprint, created, {
        plan,
        cgroup,
        control,
        forwarding,
        insisted,
        isForced: () => forced,
      });
    const how = { plan, control, watch };
    const { launched, streams } = await startOrTakeBack(roots, blueprint, created, how);
    forwarding ??= forward?.({ onInsist });
    forwarding?.to(launched.pidfd, launched.pid);
    watch.onLaunched?.(launched);
    const output = await attach(launched, blueprint);
    const status = await launched.wait();
    // the pidfd's number may soon be another file's
    forwarding?.drop();
    const oomKilled = (oomKills(cgroup) ?? 0) > 0;
    // kills what the program left in a pid namespace of the host, which may still hold the terminal
    const left = leftOf(created.dir);
    // who reads slowly is waited for, unless a person has lost patience
    const written = Promise.all([output?.drained, streams.finish()]).then(nothing, (error: Error) => error);
    const failure = await Promise.race([written, insisted]);
    output?.detach();
    finish(roots, created, { code: status.code, finished: rfc3339(), oomKilled }, left);
    if (failure) throw lost(failure);
    if (left) throw left;
    const signal = status.kind === 'signaled' ? { signal: status.status } : {};
    const { id } = created.record;
    return { id, exitCode: status.code, oomKilled, ...signal, ...(forced ? { forced } : {}) };
  } finally {
    forwarding?.stop();
    // what a failure above left is for the next sweep, which goes by this lock
    created.dir.lock.release();
  }
}

/** Who looks on while the plan runs is its parent: a monitor stops for nobody. So is who gives fds of its own. */
function lifelineOf({ lifeline = 'command', stdio }: RunControl, watch: Watch): Lifeline {
  const isWatched = stdio !== undefined || watch.onPause || watch.trace || isDebugging();
  return isWatched ? 'command' : lifeline;
}

interface MonitoredRun extends Waiting {
  readonly plan: Plan;
  readonly cgroup: string | undefined;
  readonly control: RunControl;
  readonly isForced: () => boolean;
}

async function runMonitored(
  roots: Roots,
  blueprint: Blueprint,
  created: Created,
  { plan, cgroup, control, isForced, ...waiting }: MonitoredRun,
): Promise<RunResult> {
  const attached = await orAbandon(roots, created, () => {
    keepRecord(roots, created, blueprint);
    created.dir.journal.begin('start', plan);
    return bearMonitored(blueprint, created, { plan, cgroup, control });
  });
  const { result, failure } = await attendMonitored(roots, blueprint, attached, waiting);
  if (failure) throw lost(failure);
  return isForced() ? { ...result, forced: true } : result;
}

/** A birth, or nothing left of the container. */
async function orAbandon<T>(roots: Roots, created: Created, bear: () => Promise<T>): Promise<T> {
  try {
    return await bear();
  } catch (error) {
    abandonDir(created.dir, error, () => destroyContainer(roots, created));
    throw error;
  }
}

/** The program ended well or not: who reads its output must know that it is not whole. */
function lost(cause: Error): TinyrunError {
  const hint =
    'what the program wrote from then on is lost: see to the file or device that its output goes to';
  return new TinyrunError('SYSCALL', cause.message, { cause, hint });
}

const nothing = (): undefined => undefined;

interface Start {
  readonly plan: Plan;
  readonly control: RunControl;
  readonly watch: Watch;
}

/** Runs the plan to the program's first instruction, or leaves nothing of the container. */
async function startOrTakeBack(
  roots: Roots,
  blueprint: Blueprint,
  created: Created,
  how: Start,
): Promise<{ launched: Launched; streams: StreamsOfRun }> {
  return orAbandon(roots, created, async () => {
    const streams = streamsOf(blueprint, how.control);
    try {
      keepRecord(roots, created, blueprint);
      created.dir.journal.begin('start', how.plan);
      const launched = await start(how, streams);
      streams.start();
      return { launched, streams };
    } catch (error) {
      streams.drop();
      throw error;
    }
  });
}

/** Docker's refusal: with -i -t what is typed must come from a terminal. */
function checkTerminal({ config }: Blueprint, control: RunControl): void {
  if (!config.tty || !config.openStdin || native().isatty(control.stdio?.[0] ?? 0)) return;
  throw new TinyrunError('NOT_A_TTY', 'the input device is not a TTY');
}

/** Off this thread, unless its owner says that nothing else is to be done there. Who looks on must be let in between. */
async function start({ plan, control, watch }: Start, { stdio }: StreamsOfRun): Promise<Launched> {
  const { onPause, onFailure, trace } = watch;
  const common = { plan, stdio, ...(trace ? { trace } : {}), ...(onFailure ? { onFailure } : {}) };
  if (control.blocking && !onPause) return launchSync(common);
  return await launch({ ...common, ...(onPause ? { onPause } : {}) });
}

/**
 * What other commands go by: the record, and the bundle of the runtime's verbs. The plan adds state.json, once there is
 * a process and before its program runs: whoever hears from it finds it running.
 */
function keepRecord(roots: Roots, { record, paths }: Created, { spec }: Blueprint): void {
  writeRecord(roots, record);
  writeFileSync(join(paths.run, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
}

/** Joins the container's terminal to ours; without one its streams are ours already. */
async function attach(launched: Launched, { config }: Blueprint): Promise<TerminalPump | undefined> {
  if (launched.consoleFd === undefined) return undefined;
  const { pumpTerminal } = await import('../runtime/terminal.ts');
  return pumpTerminal({ master: launched.consoleFd, stdin: config.openStdin === true });
}

/** What could not be taken back stays, dead, until a sweep or `rm` can. */
function finish(roots: Roots, created: Created, exit: ContainerExit, left: TinyrunError | undefined): void {
  if (created.record.config.autoRemove && !left) {
    destroyContainer(roots, created);
    return;
  }
  writeRecord(roots, { ...created.record, exit: left ? { ...exit, note: left.message } : exit });
  if (!left) removeLockedDir(created.paths.run);
}
