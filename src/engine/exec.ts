import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Plan } from '../plan/types.ts';
import { execPlan } from '../plan/verbs/exec.ts';
import { attend } from '../runtime/attend.ts';
import { accountsIn } from '../runtime/home.ts';
import { hostFacts } from '../runtime/host.ts';
import { joinOptions } from '../runtime/joining.ts';
import { bear, type Life } from '../runtime/life.ts';
import { ofUs } from '../runtime/own.ts';
import { containerSpec, type StateFile } from '../runtime/state.ts';
import { capabilityNames } from '../spec/linux.ts';
import type { Process, Spec } from '../spec/types.ts';
import type { ContainerAction } from '../store/event-types.ts';
import { tellEvents } from '../store/events.ts';
import { openNull } from '../store/inside.ts';
import type { Roots } from '../store/paths.ts';
import type { ExecConfig } from './config/types.ts';
import { checkExec, processOfExec } from './exec-process.ts';
import { imageDefaultsOf } from './image-defaults.ts';
import { newContainerId } from './names.ts';
import type { ContainerRecord } from './record.ts';
import { checkTerminal, lost, newPatience, type Watch } from './run.ts';
import { findRunning, type RunningContainer } from './running.ts';
import { type StreamsOfRun, streamsOf } from './streams.ts';
import { happened } from './tell.ts';
import type { ExecControl, ExecResult } from './types.ts';

/** Runs a program in a running container and waits for it. */
export async function execContainer(
  roots: Roots,
  text: string,
  config: ExecConfig,
  control: ExecControl,
  watch: Watch,
): Promise<ExecResult> {
  const planned = planExec(roots, text, config);
  checkTerminal({ config }, control);
  const life = await begin(planned, control, watch, () => streamsOf({ config, spec: planned.spec }, control));
  const told = tellExec(roots, planned.record, config);
  const { insisted, onInsist } = newPatience();
  const forwarding = control.forward?.({ onInsist });
  const stdin = config.openStdin === true;
  const attending = { stdin, ...(forwarding && { forwarding, insisted }) };
  const { exit, lost: cause } = await attend(life, attending).finally(() => forwarding?.stop());
  told.died(exit.code);
  if (cause) throw lost(cause);
  return { exitCode: exit.code, ...(exit.signal === undefined ? {} : { signal: exit.signal }) };
}

/** The same without waiting, and without streams: it goes on when this process ends. */
export async function execDetached(
  roots: Roots,
  text: string,
  config: ExecConfig,
  control: ExecControl,
  watch: Watch,
): Promise<Life> {
  if (config.tty) {
    // whoever holds the terminal's other end must stay
    throw new TinyrunError('UNSUPPORTED', 'a detached process with a terminal is not there yet', {
      hint: 'leave the terminal away: nobody would be at it',
    });
  }
  const planned = planExec(roots, text, { ...config, openStdin: false });
  const life = await begin(planned, control, watch, () => nowhere(planned.state));
  tellExec(roots, planned.record, config);
  life.forget();
  return life;
}

/** As Docker tells of it: what is run is part of what happened. */
function tellExec(roots: Roots, record: ContainerRecord, { args }: ExecConfig) {
  const execID = newContainerId();
  const of = (action: ContainerAction, more = {}) => happened(record, action, { execID, ...more });
  const line = args.join(' ');
  tellEvents(roots, [of(`exec_create: ${line}`), of(`exec_start: ${line}`)]);
  return {
    died: (code: number) => tellEvents(roots, [of('exec_die', { exitCode: String(code) })]),
  };
}

export interface PlannedExec {
  readonly plan: Plan;
  readonly record: ContainerRecord;
  readonly state: StateFile;
  /** The container's, with this process in place of its first. */
  readonly spec: Spec;
}

/**
 * Thought through, with nothing done yet.
 * @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING, USER_NOT_FOUND; ConfigError
 */
export function planExec(roots: Roots, text: string, config: ExecConfig): PlannedExec {
  checkExec(config);
  const { record, state, dir } = awake(roots, text);
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
  const { plan } = execPlan(host, { ...options, ...(nullInput ? { nullInput } : {}) });
  return { plan, record, state, spec: { ...spec, process: options.process satisfies Process } };
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

async function begin(
  { plan }: PlannedExec,
  { blocking }: ExecControl,
  watch: Watch,
  open: () => StreamsOfRun,
): Promise<Life> {
  watch.onPlan?.(plan);
  const life = await bear({ plan, parent: ofUs({ blocking, watch, streams: open() }) });
  watch.onLaunched?.(life);
  return life;
}

/** The container's own null device: with the host's its root could change that. */
function nowhere({ pid }: StateFile): StreamsOfRun {
  const fd = openNull(`/proc/${pid}/root`);
  const close = () => native().close(fd);
  return { stdio: [fd, fd, fd], start: close, drop: close, finish: async () => {} };
}
