import type { StepResult } from '../../native/types.ts';
import { explainStep, hanging, type Look } from '../../plan/explain.ts';
import { syscallOf } from '../../plan/syscall.ts';
import type { Plan } from '../../plan/types.ts';
import { undoOf } from '../../plan/undo.ts';
import type { Context } from '../command.ts';
import type { Prompt } from './prompt.ts';
import { traceLine } from './trace.ts';

/** `q`: the half-built container goes. */
export class Quit extends Error {}

/** What a line asks for: to run up to the step of that index; or why it cannot be. */
export type Order = { readonly until: number } | { readonly quit: true } | { readonly say: string };

const HELP = `Enter       the next step
n OP|NUMBER run up to that step: n pivotRoot, n 33
c           go on to the end
q           end: what is there of the container goes
?           this help`;

/** Reads a line at a stop before the step of index `at`. */
export function orderOf(line: string, plan: Plan, at: number): Order {
  const [word = '', what, ...more] = line.trim().split(/\s+/);
  if (word === '') return { until: at + 1 };
  if (word === 'c' && what === undefined) return { until: plan.steps.length };
  if (word === 'q' && what === undefined) return { quit: true };
  if (word === '?' || word === 'h') return { say: HELP };
  if (word !== 'n' || more.length > 0) return { say: `${line.trim()}: not a command\n${HELP}` };
  return what === undefined ? { until: at + 1 } : target(what, plan, at);
}

/** Stops are before steps in the container; those of the host go by on the way. */
function target(what: string, plan: Plan, at: number): Order {
  const matches = (index: number) =>
    /^\d+$/.test(what)
      ? index === Number(what) - 1
      : plan.steps[index]?.op.toLowerCase() === what.toLowerCase();
  const found = plan.steps.findIndex((_, index) => index > at && matches(index));
  if (found < 0) return { say: `n ${what}: no step of that name or number comes after this one` };
  if (plan.steps[found]?.lane === 'container') return { until: found };
  return { say: `n ${what}: that step is the host's: stops are before steps in the container` };
}

/** Goes through a plan with a person: what each step answered, what its undo is, and what comes next. */
export class Stepper {
  #until = 0;
  #shown = 0;
  #introduced = false;
  constructor(
    readonly plan: Plan,
    readonly prompt: Prompt,
    readonly context: Pick<Context, 'err'>,
    readonly look: Look,
  ) {}

  /** At a stop before a step. @throws Quit */
  async stop(
    index: number,
    pid: number,
    results: readonly StepResult[],
    signal?: AbortSignal,
  ): Promise<void> {
    const next = this.plan.steps[index];
    if (!next || index < this.#until) return;
    this.#tell(results);
    if (!this.#introduced) this.context.err(lookAt(pid, this.look));
    this.#introduced = true;
    this.context.err(`${explainStep(next, index, this.look)}\n`);
    for (;;) {
      this.context.err('     [Enter, n, c, q, ?] ');
      const line = await this.#line(signal);
      if (line === undefined) return;
      const order = orderOf(line, this.plan, index);
      if ('quit' in order) throw new Quit();
      if ('until' in order) {
        this.#until = order.until;
        return;
      }
      this.context.err(`${order.say}\n`);
    }
  }

  /** What is not told yet, when the plan has run. */
  finish(results: readonly StepResult[]): void {
    this.#tell(results);
  }

  /** Undefined at the end of the input, from where on the steps go by one after another. */
  async #line(signal?: AbortSignal): Promise<string | undefined> {
    try {
      const line = await this.prompt.line(signal);
      if (line === undefined) this.context.err('\n');
      return line;
    } catch (error) {
      // Ctrl-C ends in the middle of a line, behind the terminal's ^C
      this.context.err('\n');
      throw error;
    }
  }

  #tell(results: readonly StepResult[]): void {
    for (const result of results.slice(this.#shown)) {
      this.context.err(traceLine(this.plan, result, this.look));
      for (const undo of undoOf(this.plan.steps[result.step]?.undo, result.step + 1))
        this.context.err(`${hanging('      undo  ', syscallOf(undo), this.look)}\n`);
    }
    this.#shown = results.length;
  }
}

/** How to look at the half-built container from another terminal. */
function lookAt(pid: number, look: Look): string {
  const how = `ls -l /proc/${pid}/ns; nsenter --target ${pid} --all --preserve-credentials sh`;
  return `${hanging(`     pid ${pid}: `, how, look)}\n`;
}
