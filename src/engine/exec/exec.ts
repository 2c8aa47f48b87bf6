import { existsSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { NO_SLOT, type Plan } from '../../plan/types.ts';
import { execPlan } from '../../plan/verbs/exec.ts';
import { attend } from '../../runtime/attend.ts';
import { isDebugging } from '../../runtime/debug.ts';
import { forgetExec, noteExec } from '../../runtime/execs.ts';
import { accountsIn } from '../../runtime/home.ts';
import { hostFacts } from '../../runtime/host.ts';
import { joinOptions } from '../../runtime/joining.ts';
import { bear, type Life } from '../../runtime/life.ts';
import { ofUs } from '../../runtime/own.ts';
import { containerSpec, isAlive, type StateFile } from '../../runtime/state.ts';
import { capabilityNames } from '../../spec/linux.ts';
import type { Process, Spec } from '../../spec/types.ts';
import type { ContainerAction } from '../../store/event-types.ts';
import { tellEvents } from '../../store/events.ts';
import { join } from '../../store/join.ts';
import type { Roots } from '../../store/paths.ts';
import type { ExecConfig } from '../config/types.ts';
import { happened } from '../events/tell.ts';
import { imageDefaultsOf } from '../image-defaults.ts';
import { containerPaths } from '../layout.ts';
import { newContainerId } from '../names.ts';
import type { ContainerRecord } from '../record.ts';
import { checkTerminal, lost, newPatience, type Watch } from '../run.ts';
import { findRunning, notRunning, type RunningContainer } from '../running.ts';
import { streamsOf } from '../streams.ts';
import type { ExecControl, ExecResult } from '../types.ts';
import { checkExec, processOfExec } from './process.ts';

/** Runs a program in a running container and waits for it. */
export async function execContainer(
  roots: Roots,
  text: string,
  config: ExecConfig,
  control: ExecControl,
  watch: Watch,
): Promise<ExecResult> {
  const isKept = config.tty === true && control.stdio === undefined && !isWatched(watch);
  const planned = planExec(roots, text, config, { isKept });
  checkTerminal({ config }, control);
  if (isKept) {
    const { execAttached } = await import('./monitored.ts');
    return await execAttached(roots, planned, control);
  }
  const told = tellingExec(roots, planned);
  // told of one that cannot be started, too
  const life = await begin(planned, control, watch)
    .finally(told.begun)
    .catch((error) => {
      throw orGone(planned, error);
    });
  const { run } = containerPaths(roots, planned.record.id);
  noteExec(run, told.id, life);
  const { exit, lost: cause } = await attending(life, config, control);
  forgetExec(run, told.id);
  told.died(exit.code);
  if (cause) throw lost(cause);
  return { exitCode: exit.code, ...(exit.signal === undefined ? {} : { signal: exit.signal }) };
}

/** What fails in a container that has ended meanwhile fails for that. */
export const orGone = ({ state, record }: Pick<PlannedExec, 'state' | 'record'>, error: unknown): unknown =>
  isAlive(state) && hasNamespaces(state) ? error : notRunning(record.name, 'exited');

/** A process that ends loses them before it is seen to have ended; do_exit() of the kernel. */
const hasNamespaces = ({ pid }: StateFile): boolean => existsSync(`/proc/${pid}/ns/uts`);

const isWatched = ({ onPause, trace }: Watch): boolean =>
  onPause !== undefined || trace === true || isDebugging();

/** To its end; the signals of this process are its, where that was asked for. */
export async function attending(life: Life, { openStdin }: ExecConfig, { forward }: ExecControl) {
  const { insisted, onInsist } = newPatience();
  const forwarding = forward?.({ onInsist });
  const how = { stdin: openStdin === true, ...(forwarding && { forwarding, insisted }) };
  return await attend(life, how).finally(() => forwarding?.stop());
}

/** As Docker tells of it: what is run is part of what happened. */
export function tellingExec(roots: Roots, { record, config }: PlannedExec) {
  const id = newContainerId();
  const [program = '', ...args] = config.args;
  const line = `${program} ${args.join(' ')}`;
  const starts: ContainerAction = `exec_start: ${line}`;
  const tell = (...actions: [ContainerAction, object?][]) =>
    tellEvents(
      roots,
      actions.map(([action, more]) => happened(record, action, { execID: id, ...more })),
    );
  return {
    id,
    start: starts,
    created: () => tell([`exec_create: ${line}`]),
    started: () => tell([starts]),
    /** Both, with one look at the file. */
    begun: () => tell([`exec_create: ${line}`], [starts]),
    died: (code: number) => tell(['exec_die', { exitCode: String(code) }]),
    detached: () => tell(['exec_detach']),
  };
}

export interface PlannedExec {
  readonly config: ExecConfig;
  readonly plan: Plan;
  /** Where the plan has the pidfd of the container's first process. */
  readonly joined: number;
  readonly record: ContainerRecord;
  readonly state: StateFile;
  /** The container's, with this process in place of its first. */
  readonly spec: Spec;
}

/**
 * Thought through, with nothing done yet.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING, USER_NOT_FOUND; ConfigError
 */
export function planExec(
  roots: Roots,
  text: string,
  config: ExecConfig,
  /** It has a monitor, whose end is its own. */
  { isKept = config.tty === true }: { readonly isKept?: boolean | undefined } = {},
): PlannedExec {
  checkExec(config);
  const container = awake(roots, text);
  try {
    return planIn(roots, container, config, isKept);
  } catch (error) {
    throw orGone(container, error);
  }
}

function planIn(
  roots: Roots,
  { record, state, dir }: RunningContainer,
  config: ExecConfig,
  isKept: boolean,
): PlannedExec {
  const host = hostFacts();
  const spec = containerSpec(dir);
  const process = processOfExec(config, {
    spec,
    container: record.config,
    accounts: () => accountsOf(state),
    imageEnv: () => imageDefaultsOf(roots, record)?.Env ?? [],
    held: capabilityNames(host.capabilities.effective),
  });
  const seccompCache = join(roots.dataRoot, 'cache', 'seccomp');
  const options = joinOptions({ state, spec, process, seccompCache, isOurs: true });
  const nullInput = !config.openStdin && !config.tty;
  const { plan, slots } = execPlan(host, {
    ...options,
    ...(nullInput && { nullInput }),
    ...(isKept && { dieWithParent: true }),
  });
  const own = { ...spec, process: options.process satisfies Process };
  return { config, plan, joined: slots.joined ?? NO_SLOT, record, state, spec: own };
}

/** Docker's words, which scripts read. */
function awake(roots: Roots, text: string): RunningContainer {
  const found = findRunning(roots, text);
  if (!found.paused) return found;
  throw new TinyrunError(
    'CONTAINER_NOT_RUNNING',
    `container ${text} is paused, unpause the container before exec`,
    { hint: `tinyrun unpause ${text} lets it go on` },
  );
}

/** As they are now: its programs may have changed them since. */
function accountsOf({ pid }: StateFile) {
  const root = `/proc/${pid}/root`;
  return {
    passwd: accountsIn(root, 'etc/passwd'),
    group: accountsIn(root, 'etc/group'),
    owner: 'container',
  } as const;
}

async function begin(planned: PlannedExec, control: ExecControl, watch: Watch): Promise<Life> {
  const { plan } = planned;
  watch.onPlan?.(plan);
  const streams = streamsOf(planned, control);
  const life = await bear({ plan, parent: ofUs({ blocking: control.blocking, watch, streams }) });
  watch.onLaunched?.(life);
  return life;
}
