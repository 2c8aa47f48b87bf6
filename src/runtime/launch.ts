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
  /** Resolves when the process has ended; reaps it, closes the pidfd, and lets go of published ports. Call it once. */
  wait(): Promise<ExitStatus>;
}

/** The slots a plan leaves fds in, or sends them back. */
function outSlots(plan: Plan): { console?: number; seccomp?: number; ports: number[] } {
  const slots: ReturnType<typeof outSlots> = { ports: [] };
  for (const step of plan.steps) {
    if (step.op === 'console') slots.console = step.args.slot;
    if (step.op === 'reserve') slots.ports.push(step.args.slot);
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
  const ports = slots.ports.map((slot) => machine.takeFd(slot)).filter((fd) => fd >= 0);
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
      for (const fd of [pidfd, ...ports]) native().close(fd);
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

/** A plan in its machine. It is moved on by turns: until it is done, or has failed, or Node has a part in it. */
interface Course {
  readonly machine: Machine;
  /** Where a turn has led. @throws TinyrunError naming the step that failed */
  reached(outcome: Outcome): Outcome;
  /** What the caller gets at the end. */
  end(outcome: Outcome): Launched;
  /** The plan goes no further. */
  giveUp(error: unknown): void;
}

function courseOf(options: LaunchOptions): Course {
  const { plan } = options;
  const machine = openMachine(options, options.onPause !== undefined);
  const tell = debugSteps(plan);
  let pid = 0;
  return {
    machine,
    reached(outcome) {
      tell(outcome);
      pid = outcome.pid;
      if (outcome.state === 'failed') throw failed(options, outcome);
      return outcome;
    },
    end(outcome) {
      if (outcome.state !== 'done') throw new Error('a plan that asks for Node is run by launch()');
      return harvest(plan, machine, outcome);
    },
    // Who reaps: the machine, always. After a step that failed it has, and says pid 0; a child that waits for Node's part
    // is ended and reaped here, before it can complain of a closed socket. What does not come back is told in the error.
    giveUp(error) {
      const left = pid === 0 ? undefined : machine.abandon().failure?.path;
      machine.close();
      if (left && error instanceof Error) error.message += left;
    },
  };
}

function failed({ plan, onFailure }: LaunchCommon, { results, failure }: Outcome): Error {
  onFailure?.(results);
  return failure ? planError(plan, failure) : new Error('the machine failed without saying why');
}

/** Node's part: a yield has a tag, a pause is before a step. */
async function nodesPart({ onYield, onPause }: LaunchOptions, machine: Machine, at: Outcome): Promise<void> {
  const progress = progressOf(machine, at);
  if (at.state === 'yield') await onYield?.(at.tag, progress);
  else await onPause?.(at.step, progress);
}

/**
 * Runs a plan through the addon's machine, off the main thread.
 * @throws TinyrunError naming the failing step; nothing of the child is left then (the undo list takes back the rest).
 */
export async function launch(options: LaunchOptions): Promise<Launched> {
  const course = courseOf(options);
  const { machine } = course;
  try {
    let outcome = course.reached(await machine.run());
    while (outcome.state !== 'done') {
      await nodesPart(options, machine, outcome);
      outcome = course.reached(await machine.resume());
    }
    return course.end(outcome);
  } catch (error) {
    course.giveUp(error);
    throw error;
  }
}

/**
 * The same on the calling thread, for the short plans of a command line that has nothing else to do. Node has no part in
 * them, so one turn is all.
 */
export function launchSync(options: LaunchCommon): Launched {
  const course = courseOf(options);
  try {
    return course.end(course.reached(course.machine.runSync()));
  } catch (error) {
    course.giveUp(error);
    throw error;
  }
}
