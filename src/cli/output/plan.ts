import { openSync, readSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Engine } from '../../engine/engine.ts';
import type { Watch } from '../../engine/run.ts';
import type { RunOptions } from '../../engine/types.ts';
import type { StepResult } from '../../native/types.ts';
import { explainPlan, explainStep, type Look, planAsJson } from '../../plan/explain.ts';
import { syscallOf } from '../../plan/syscall.ts';
import type { Plan } from '../../plan/types.ts';
import { toJson } from '../../store/text.ts';
import type { Context } from '../command.ts';
import { exitCodeOf } from '../exit-code.ts';
import { interruptible } from '../interrupt.ts';

/** --explain: the plan on standard output, nothing run. */
export async function explainRun(
  engine: Engine,
  options: RunOptions,
  json: boolean,
  context: Context,
): Promise<void> {
  const { plan } = await engine.explain(options);
  context.draw(json ? `${planAsJson(plan)}\n` : explainPlan(plan, look()));
}

/** On a terminal the cells are wrapped to its width and coloured; in a pipe or a file a step is a line. */
function look(): Look {
  const { columns, isTTY } = process.stdout;
  if (!isTTY || !columns) return {};
  return { width: columns, ...(process.env.NO_COLOR ? {} : { paint: styleText }) };
}

/** --trace and --step: the plan runs; what is told of it goes to standard error, standard output is the program's. */
export async function traceRun(
  engine: Engine,
  options: RunOptions,
  { step, json }: { step: boolean; json: boolean },
  context: Context,
): Promise<number> {
  let plan: Plan | undefined;
  const prompt = step ? await openPrompt(options) : NO_PROMPT;
  const report = (of: Plan, results: readonly StepResult[]) =>
    context.err(json ? `${toJson(results)}\n` : traceTable(of, results));
  const watch = (signal?: AbortSignal): Watch => ({
    trace: true,
    onPlan: (compiled) => {
      plan = compiled;
    },
    onFailure: (results) => plan && report(plan, results),
    onLaunched: (launched) => plan && report(plan, launched.results),
    ...(step
      ? {
          onPause: async (index, { pid }) => {
            const next = plan?.steps[index];
            if (!next) return;
            context.err(`${explainStep(next, index)}\n${lookAt(pid)}     [Enter] `);
            if (!(await answered(prompt, context, signal))) context.err('\n');
          },
        }
      : {}),
  });
  const control = { sigProxy: true, blocking: true, notify: (line: string) => context.err(`${line}\n`) };
  const run = async (signal?: AbortSignal) =>
    exitCodeOf(await engine.run(options, control, watch(signal)), context);
  try {
    // a person who has seen enough presses Ctrl-C: the half-built container goes, too
    return step ? await interruptible(run) : await run();
  } finally {
    prompt.close();
  }
}

/** How to look at the half-built container from another terminal. */
function lookAt(pid: number): string {
  return `     pid ${pid}: ls -l /proc/${pid}/ns; nsenter --target ${pid} --all --preserve-credentials sh\n`;
}

/** Where Enter comes from. */
interface Prompt {
  /** Waits for a line; false at the end of the input, from where on the steps go by one after another. */
  line(signal?: AbortSignal): Promise<boolean>;
  close(): void;
}

/** False where no line end was echoed. Ctrl-C ends in the middle of a line, behind the terminal's ^C. */
async function answered(prompt: Prompt, { err }: Context, signal?: AbortSignal): Promise<boolean> {
  try {
    return await prompt.line(signal);
  } catch (error) {
    err('\n');
    throw error;
  }
}

const NO_PROMPT: Prompt = { line: async () => false, close: () => {} };

/** The terminal; without one standard input, unless that is the program's. */
async function openPrompt(options: RunOptions): Promise<Prompt> {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r');
  } catch {
    return options.interactive ? NO_PROMPT : { ...NO_PROMPT, line: async () => readLine(0) };
  }
  // read by events: a read that blocks would keep Ctrl-C from being heard
  const { ReadStream } = await import('node:tty');
  const { EventEmitter } = await import('node:events');
  const terminal = new ReadStream(fd);
  terminal.pause();
  const line = async (signal?: AbortSignal) => {
    await EventEmitter.once(terminal.resume(), 'data', { ...(signal && { signal }) });
    terminal.pause();
    return true;
  };
  return { line, close: () => terminal.destroy() };
}

function readLine(fd: number): boolean {
  const byte = Buffer.alloc(1);
  while (readSync(fd, byte, 0, 1, null) === 1) if (byte[0] === LINE_FEED) return true;
  return false;
}

const LINE_FEED = 10;

/** A line for each step that ran, with how it ended and how long it took, and the totals of both lanes. */
export function traceTable(plan: Plan, results: readonly StepResult[]): string {
  const sums = { host: 0, container: 0 };
  const lines = results.map((result) => {
    const step = plan.steps[result.step];
    if (!step) return '';
    sums[step.lane] += result.ns;
    const time = `${(result.ns / 1000).toFixed(1)} µs`.padStart(12);
    const outcome = result.errno === 0 ? 'ok' : `${result.syscall} ${result.path}: ${result.code}`;
    const number = String(result.step + 1).padStart(3);
    return `${number}  ${step.lane.padEnd(9)} ${time}  ${outcome.padEnd(4)}  ${syscallOf(step)}\n`;
  });
  const total = (ns: number) => `${(ns / 1000).toFixed(1)} µs`;
  return `${lines.join('')}${results.length} steps: host lane ${total(sums.host)} (waiting for the container included), container lane ${total(sums.container)}\n`;
}
