import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Compiled } from '../plan/compile/options.ts';
import type { Plan } from '../plan/types.ts';
import { attend } from '../runtime/attend.ts';
import { isDebugging } from '../runtime/debug.ts';
import { DETACH_KEYS } from '../runtime/detach-keys.ts';
import { removeLockedDir, takeBackFailed } from '../runtime/dir.ts';
import type { LaunchOptions } from '../runtime/launch.ts';
import type { Birth, End, Life } from '../runtime/life.ts';
import { ofMonitor } from '../runtime/monitor/parent.ts';
import { ofUs } from '../runtime/own.ts';
import { forwardSignals } from '../runtime/signals.ts';
import { tellEvents } from '../store/events.ts';
import type { Roots } from '../store/paths.ts';
import type { Blueprint } from './blueprint.ts';
import { changeRecordSync } from './change.ts';
import { type Created, createContainer, takeBackCreated } from './create.ts';
import { deathOf, happened, ofVolumes, tell } from './events/tell.ts';
import { containerPaths } from './layout.ts';
import { monitorsChild } from './monitored.ts';
import { bearAttached } from './networks/bear.ts';
import { planOf } from './plan.ts';
import { noteSent } from './sent.ts';
import { joins, relayOf, type Streamed, streamsOf } from './streams.ts';
import { sweepOne, sweepRunning } from './sweep.ts';
import type { CreateOptions, Lifeline, RunControl, RunResult } from './types.ts';

/** Looking on while a plan runs: --trace and --step. */
export type Watch = Pick<LaunchOptions, 'trace' | 'onPause' | 'onFailure'> & {
  /** The plan, before anything of it runs. */
  readonly onPlan?: (plan: Plan) => void;
  /** All of it has run. */
  readonly onLaunched?: (life: Life) => void;
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
  const lifeline = lifelineOf(blueprint, control, watch);
  await blueprint.networks?.ready();
  const created = makePlanned(roots, blueprint, control, lifeline, watch);
  const patience = newPatience();
  // a step-by-step launch waits for a person, who may want to end it by Ctrl-C
  const forward = control.forward ?? (control.sigProxy ? forwardSignals : undefined);
  const onSent = sentBy(roots, created.record);
  let forwarding = watch.onPause ? undefined : forward?.({ ...patience, onSent });
  try {
    const life = await startCreated(
      roots,
      created,
      () => birthOf(roots, created, { ...created.planned, lifeline, control, watch }),
      { isOurs: lifeline !== 'monitor', isAttached: true },
    );
    const begun = Date.now();
    forwarding ??= forward?.({ ...patience, onSent });
    watch.onLaunched?.(life);
    const end = await attend(life, {
      forwarding,
      insisted: patience.insisted,
      stdin: blueprint.config.openStdin === true && joins(control, 'stdin'),
    });
    const { id } = created.record;
    if (end.isDetached) {
      tell(roots, created.record, 'detach');
      return resultOf(id, end, false);
    }
    if (lifeline === 'monitor') sweepAfterMonitor(roots, id);
    else finish(roots, created, end, begun);
    if (end.lost) throw lost(end.lost);
    if (end.left) throw end.left;
    return resultOf(id, end, patience.isLost());
  } finally {
    forwarding?.stop();
    // what a failure above left is for the next sweep, which goes by this lock
    created.dir.lock.release();
  }
}

/** Makes and runs a container that goes on without this process. Answers its id. */
export async function runDetached(
  roots: Roots,
  blueprint: Blueprint,
  options: CreateOptions,
): Promise<string> {
  sweepRunning(roots);
  await blueprint.networks?.ready();
  const created = makePlanned(roots, blueprint, options, 'monitor');
  try {
    const { planned, dir } = created;
    const birth = () => ({
      ...planned,
      dir,
      config: JSON.stringify(blueprint.spec),
      parent: ofMonitor(monitorsChild(roots, created.blueprint, created)),
    });
    (await startCreated(roots, created, birth, { isOurs: false })).forget();
    return blueprint.record.id;
  } finally {
    created.dir.lock.release();
  }
}

interface Planned extends Created {
  readonly planned: Compiled;
}

/**
 * A container's files and its plan. What the compiler refuses is refused before anything is made; or is taken back, where the
 * plan has to know addresses first, which are leased in its run directory.
 */
function makePlanned(
  roots: Roots,
  blueprint: Blueprint,
  options: CreateOptions,
  lifeline: Lifeline,
  watch: Watch = {},
): Planned {
  const compiled = (drawn: Blueprint) => {
    const planned = planOf(roots, drawn, containerPaths(roots, blueprint.record.id), lifeline);
    watch.onPlan?.(planned.plan);
    return planned;
  };
  const early = blueprint.networks ? undefined : compiled(blueprint);
  const created = createContainer(roots, blueprint, options);
  try {
    return { ...created, planned: early ?? compiled(created.blueprint) };
  } catch (error) {
    takeBackCreated(roots, created);
    throw error;
  }
}

/** Who passes signals on writes them down; not where nobody could ask. */
export const sentBy =
  (roots: Roots, { id, config }: Created['record']) =>
  (signal: number) => {
    if (!config.autoRemove) noteSent(roots, id, { by: 'run', signal });
  };

/** Of a person who waits: lost when they ask for the end three times. */
export function newPatience() {
  let isLost = false;
  let onInsist = () => {};
  const insisted = new Promise<void>((resolve) => {
    onInsist = () => {
      isLost = true;
      resolve();
    };
  });
  return { insisted, onInsist: () => onInsist(), isLost: () => isLost };
}

/** Runs a container that is made to its program's first instruction, or leaves nothing of it. */
async function startCreated(
  roots: Roots,
  created: Created,
  birth: () => Birth,
  { isOurs, isAttached = false }: { isOurs: boolean; isAttached?: boolean },
): Promise<Life> {
  const { record } = created;
  const made = [
    happened(record, 'create'),
    ...(isAttached ? [happened(record, 'attach')] : []),
    ...ofVolumes(record, 'mount'),
  ];
  // a monitor tells of the start itself: that is told before its end, however soon
  if (!isOurs) tellEvents(roots, made);
  try {
    const life = await bearAttached(created.blueprint, birth, created.paths);
    if (isOurs) tellEvents(roots, [...made, happened(record, 'start')]);
    return life;
  } catch (error) {
    takeBackFailed(created.dir, error, () => takeBackCreated(roots, created));
    tellEvents(roots, [...(isOurs ? made : []), happened(record, 'destroy')]);
    throw error;
  }
}

/**
 * Who looks on while the plan runs is its parent: a monitor stops for nobody. So is who gives fds of its own. Else what tells how
 * it is, and a log where one is asked for, are a monitor's.
 */
export function lifelineOf(
  { health, config }: Pick<Blueprint, 'health' | 'config'>,
  { lifeline = 'command', stdio }: RunControl,
  watch: Watch = {},
): Lifeline {
  if (stdio !== undefined || watch.onPause || watch.trace || isDebugging()) return 'command';
  return health || config.log?.driver === 'json-file' ? 'monitor' : lifeline;
}

interface How {
  readonly plan: Plan;
  readonly cgroup?: string | undefined;
  readonly lifeline: Lifeline;
  readonly control: RunControl;
  readonly watch: Watch;
}

/** The plan adds state.json, once there is a process and before its program runs: whoever hears from it finds it running. */
function birthOf(roots: Roots, created: Created, how: How): Birth {
  const { dir, blueprint } = created;
  const { plan, cgroup, lifeline, control, watch } = how;
  const common = { dir, plan, cgroup, config: JSON.stringify(blueprint.spec) };
  if (lifeline === 'monitor')
    return {
      ...common,
      parent: ofMonitor(
        monitorsChild(roots, blueprint, created, relayOf(blueprint, control), keysOf(blueprint, control)),
      ),
    };
  const { blocking } = control;
  const streams = streamsOf(blueprint, control);
  return { ...common, parent: ofUs({ isLifeline: true, blocking, watch, streams }) };
}

/** Where what is typed is looked at: at a terminal of this process. */
export function keysOf(
  { config }: Pick<Streamed, 'config'>,
  { copied, attach, detachKeys = DETACH_KEYS }: Pick<RunControl, 'copied' | 'attach' | 'detachKeys'>,
) {
  const types = config.tty && config.openStdin && joins({ attach }, 'stdin');
  return types && copied === undefined ? detachKeys : undefined;
}

/** The program ended well or not: who reads its output must know that it is not whole. */
export function lost(cause: Error): TinyrunError {
  const hint =
    'what the program wrote from then on is lost: see to the file or device that its output goes to';
  return new TinyrunError('SYSCALL', cause.message, { cause, hint });
}

/** Docker's refusal: with -i -t what is typed must come from a terminal. */
export function checkTerminal(
  { config }: Pick<Streamed, 'config'>,
  control: Pick<RunControl, 'stdio' | 'attach'>,
): void {
  if (
    !config.tty ||
    !config.openStdin ||
    !joins(control, 'stdin') ||
    native().isatty(control.stdio?.[0] ?? 0)
  )
    return;
  throw new TinyrunError('NOT_A_TTY', 'the input device is not a TTY');
}

/**
 * A monitor that was killed took its container along; one that could not take all of it back has left the journal. Either
 * is for a sweep, which tells what it cannot do.
 */
export function sweepAfterMonitor(roots: Roots, id: string): void {
  if (existsSync(containerPaths(roots, id).run)) sweepOne(roots, id, { wait: true });
}

/** What could not be taken back stays, dead, until a sweep or `rm` can. */
function finish(roots: Roots, created: Created, end: End, begun: number): void {
  const { exit, left } = end;
  const { record } = created;
  const told = [...deathOf(record, exit, Date.now() - begun), ...ofVolumes(record, 'unmount')];
  if (record.config.autoRemove && !left) {
    takeBackCreated(roots, created);
    tellEvents(roots, [...told, happened(record, 'destroy')]);
    return;
  }
  tellEvents(roots, told);
  const note = left ? { note: left.message } : {};
  changeRecordSync(roots, record.id, (now) => ({
    ...now,
    exit: { ...exit, oomKilled: exit.why === 'memory', ...note },
  }));
  if (!left) removeLockedDir(created.paths.run);
}

export function resultOf(id: string, { exit, isDetached }: End, forced: boolean): RunResult {
  if (isDetached) return { id, exitCode: 0, oomKilled: false, isDetached };
  const { code, signal, why } = exit;
  return {
    id,
    exitCode: code,
    oomKilled: why === 'memory',
    ...(signal === undefined ? {} : { signal }),
    ...(forced ? { forced } : {}),
  };
}
