import { closeSync, openSync, readSync } from 'node:fs';
import { styleText } from 'node:util';
import type { Engine } from '../../engine/engine.ts';
import type { Watch } from '../../engine/run.ts';
import type { RunOptions } from '../../engine/types.ts';
import type { StepResult } from '../../native/types.ts';
import { explainPlan, explainStep, type Look, planAsJson } from '../../plan/explain.ts';
import { syscallOf } from '../../plan/syscall.ts';
import type { Plan } from '../../plan/types.ts';
import type { Context } from '../command.ts';

/** --explain: the plan on standard output, nothing run. */
export async function explainRun(
  engine: Engine,
  options: RunOptions,
  json: boolean,
  context: Context,
): Promise<void> {
  const { plan } = await engine.explain(options);
  context.out(json ? `${planAsJson(plan)}\n` : explainPlan(plan, look()));
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
  const prompt = step ? openPrompt(options) : { input: undefined, close: () => {} };
  const report = (of: Plan, results: readonly StepResult[]) =>
    context.err(json ? `${JSON.stringify(results)}\n` : traceTable(of, results));
  const watch: Watch = {
    trace: true,
    onPlan: (compiled) => {
      plan = compiled;
    },
    onFailure: (results) => plan && report(plan, results),
    onLaunched: (launched) => plan && report(plan, launched.results),
    ...(step
      ? {
          onPause: (index, { pid }) => {
            const next = plan?.steps[index];
            if (next) askToGoOn(`${explainStep(next, index)}\n${lookAt(pid)}`, prompt.input, context);
          },
        }
      : {}),
  };
  const control = { sigProxy: true, notify: (line: string) => context.err(`${line}\n`) };
  try {
    return (await engine.run(options, control, watch)).exitCode;
  } finally {
    prompt.close();
  }
}

/** How to look at the half-built container from another terminal. */
function lookAt(pid: number): string {
  return `     pid ${pid}: ls -l /proc/${pid}/ns; nsenter --target ${pid} --all --preserve-credentials sh\n`;
}

/** Waits for a line from whoever looks on; at the end of the input the steps go by one after another. */
function askToGoOn(text: string, input: number | undefined, context: Context): void {
  context.err(`${text}     [Enter] `);
  const byte = Buffer.alloc(1);
  const isLine = input !== undefined && readLine(input, byte);
  if (!isLine) context.err('\n');
}

function readLine(fd: number, byte: Buffer): boolean {
  while (readSync(fd, byte, 0, 1, null) === 1) if (byte[0] === LINE_FEED) return true;
  return false;
}

const LINE_FEED = 10;

/** Where Enter comes from: the terminal; without one standard input, unless that is the program's. */
function openPrompt(options: RunOptions): { input: number | undefined; close: () => void } {
  try {
    const input = openSync('/dev/tty', 'r');
    return { input, close: () => closeSync(input) };
  } catch {
    return { input: options.interactive ? undefined : 0, close: () => {} };
  }
}

/** A line for each step that ran, with how it ended and how long it took, and the totals of both lanes. */
export function traceTable(plan: Plan, results: readonly StepResult[]): string {
  const sums = { host: 0, container: 0 };
  const lines = results.map((result) => {
    const step = plan.steps[result.step];
    if (!step) return '';
    sums[step.lane] += result.ns;
    const time = `${(result.ns / 1000).toFixed(1)} µs`.padStart(12);
    const outcome = result.errno === 0 ? 'ok' : `${result.syscall} ${result.path}: errno ${result.errno}`;
    const number = String(result.step + 1).padStart(3);
    return `${number}  ${step.lane.padEnd(9)} ${time}  ${outcome.padEnd(4)}  ${syscallOf(step)}\n`;
  });
  const total = (ns: number) => `${(ns / 1000).toFixed(1)} µs`;
  return `${lines.join('')}${results.length} steps: host lane ${total(sums.host)} (waiting for the container included), container lane ${total(sums.container)}\n`;
}
