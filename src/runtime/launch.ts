import { native } from '../native/index.ts';
import type { ExitStatus, Fd, Machine, MachineOptions, Outcome, StepResult } from '../native/types.ts';
import { encode } from '../plan/encode.ts';
import { NO_SLOT, type Plan } from '../plan/types.ts';
import { debug, isDebugging } from './debug.ts';
import { planError } from './failure.ts';
import { phrase } from './phrase.ts';

/** What is known of a plan under way, for hooks and prompts. */
export interface Progress {
  /** The container's first process as the host sees it; 0 before clone. */
  readonly pid: number;
  /** What the steps so far answered; only with trace. */
  readonly results: readonly StepResult[];
  /** Takes the fd in a slot out of the machine; -1 for none. */
  takeFd(slot: number): Fd;
}

interface LaunchCommon {
  readonly plan: Plan;
  /** fds that become 0, 1, 2 of the container; default 0, 1, 2. */
  readonly stdio?: readonly [Fd, Fd, Fd];
  /** fds 3 … 3+n-1 stay open in the container. */
  readonly preserveFds?: number;
  /** Report each step with its time. */
  readonly trace?: boolean;
  /** fds put into slots of the machine before it runs; they are duplicated. */
  readonly fds?: ReadonlyMap<number, Fd>;
  /** Told the results of the steps so far when the plan fails (only with trace), before the error is thrown. */
  readonly onFailure?: (results: readonly StepResult[]) => void;
}

export interface LaunchOptions extends LaunchCommon {
  /** Stop before each container step and wait for this; `step` is its index in the plan. */
  readonly onPause?: (step: number, progress: Progress) => void | Promise<void>;
  /** A yield step was reached: hooks run here. Throwing ends the container. */
  readonly onYield?: (tag: number, progress: Progress) => void | Promise<void>;
}

/** A plan that ran to its end. The caller owns the fds. */
export interface Launched {
  /** 0 when the plan cloned nothing. */
  readonly pid: number;
  /** -1 when the plan cloned nothing. */
  readonly pidfd: Fd;
  /** Field 22 of /proc/PID/stat, clock ticks since boot: with the boot id, what makes a pid trustworthy. */
  readonly startTime: bigint;
  /** Master of the container's terminal, when the plan has a console step. */
  readonly consoleFd?: Fd;
  /** The seccomp notify fd, when the plan's filter has a listener. */
  readonly seccompFd?: Fd;
  /** One per step that ran; only with trace. */
  readonly results: readonly StepResult[];
  /** Resolves when the process has ended; reaps it and closes the pidfd. Call it once. */
  wait(): Promise<ExitStatus>;
}

/** The slots a plan sends fds back in. */
function outSlots(plan: Plan): { console?: number; seccomp?: number } {
  const slots: { console?: number; seccomp?: number } = {};
  for (const step of plan.steps) {
    if (step.op === 'console') slots.console = step.args.slot;
    if (step.op === 'seccomp' && step.args.slot !== NO_SLOT) slots.seccomp = step.args.slot;
  }
  return slots;
}

function openMachine(options: LaunchCommon, pause: boolean): Machine {
  const settings: MachineOptions = {};
  if (options.stdio !== undefined) settings.stdio = options.stdio;
  if (options.preserveFds !== undefined) settings.preserveFds = options.preserveFds;
  if (options.trace || isDebugging()) settings.trace = true;
  if (pause) settings.pause = true;
  const machine = native().machine(encode(options.plan), settings);
  for (const [slot, fd] of options.fds ?? []) machine.setFd(slot, fd);
  return machine;
}

function progressOf(machine: Machine, outcome: Outcome): Progress {
  return { pid: outcome.pid, results: outcome.results, takeFd: (slot) => machine.takeFd(slot) };
}

/** Collects what the machine hands over once its plan is done; the machine is closed. */
function harvest(plan: Plan, machine: Machine, outcome: Outcome): Launched {
  const slots = outSlots(plan);
  const consoleFd = slots.console === undefined ? -1 : machine.takeFd(slots.console);
  const seccompFd = slots.seccomp === undefined ? -1 : machine.takeFd(slots.seccomp);
  const { pid } = outcome;
  const pidfd = pid === 0 ? -1 : machine.takePidfd();
  machine.close();
  return {
    pid,
    pidfd,
    startTime: (pid === 0 ? undefined : native().startTime(pid)) ?? 0n,
    ...(consoleFd < 0 ? {} : { consoleFd }),
    ...(seccompFd < 0 ? {} : { seccompFd }),
    results: outcome.results,
    wait: async () => {
      const status = await native().waitPidfd(pidfd);
      native().close(pidfd);
      return status;
    },
  };
}

/** Tells of the steps that ended since it was called last. */
function debugSteps({ steps }: Plan): (outcome: Outcome) => void {
  let told = 0;
  debug(() => `runs a plan of ${steps.length} steps`);
  return ({ results }) => {
    if (!isDebugging()) return;
    for (const { step: index, code, ns } of results.slice(told)) {
      const step = steps[index];
      const end = code === undefined ? '' : `: ${code}`;
      if (step !== undefined)
        debug(() => `step ${index + 1} (${step.lane}): ${phrase(step)}${end}, ${(ns / 1000).toFixed(1)} µs`);
    }
    told = results.length;
  };
}

function checked(options: LaunchCommon, outcome: Outcome): void {
  if (outcome.state !== 'failed') return;
  options.onFailure?.(outcome.results);
  if (outcome.failure === undefined) throw new Error('the machine failed without saying why');
  throw planError(options.plan, outcome.failure);
}

/**
 * Runs a plan through the addon's machine, off the main thread.
 * @throws TinyrunError naming the failing step; nothing of the child is left then (the undo list takes back the rest).
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const machine = openMachine(options, options.onPause !== undefined);
  const tell = debugSteps(options.plan);
  let outcome: Outcome | undefined;
  try {
    outcome = await machine.run();
    tell(outcome);
    while (outcome.state === 'yield' || outcome.state === 'paused') {
      const progress = progressOf(machine, outcome);
      if (outcome.state === 'yield') await options.onYield?.(outcome.tag, progress);
      else await options.onPause?.(outcome.step, progress);
      outcome = await machine.resume();
      tell(outcome);
    }
    checked(options, outcome);
    return harvest(options.plan, machine, outcome);
  } catch (error) {
    abandon(machine, outcome, error);
    throw error;
  }
}

/** Ends a plan that will not go on, before it can complain of a closed socket. What does not come back is told in the error. */
function abandon(machine: Machine, outcome: Outcome | undefined, error: unknown): void {
  const left = outcome?.pid ? machine.abandon().failure?.path : undefined;
  machine.close();
  if (left && error instanceof Error) error.message += left;
}

/**
 * `launch` on the calling thread: for the short plans of a command line that has nothing else to do. Node has no part
 * in them: they have no yield.
 */
export function launchSync(options: LaunchCommon): Launched {
  const machine = openMachine(options, false);
  const tell = debugSteps(options.plan);
  let outcome: Outcome | undefined;
  try {
    outcome = machine.runSync();
    tell(outcome);
    if (outcome.state === 'yield') throw new Error('a plan that asks for Node is run by launch()');
    checked(options, outcome);
    return harvest(options.plan, machine, outcome);
  } catch (error) {
    abandon(machine, outcome, error);
    throw error;
  }
}
