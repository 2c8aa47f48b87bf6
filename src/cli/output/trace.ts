import type { StepResult } from '../../native/types.ts';
import { hanging, head, type Look } from '../../plan/explain.ts';
import { syscallOf } from '../../plan/syscall.ts';
import type { Plan } from '../../plan/types.ts';

const micros = (ns: number): string => `${(ns / 1000).toFixed(1)} µs`;

/** How a step ended. */
const outcomeOf = ({ errno, syscall, path, code }: StepResult): string =>
  errno === 0 ? 'ok' : `${syscall} ${path}: ${code}`;

/** `12  container      35.6 µs  ok    …`: a step that ran, its time, how it ended, and the call where that is asked for. */
export function traceLine(plan: Plan, result: StepResult, look: Look, withCall = true): string {
  const step = plan.steps[result.step];
  if (!step) return '';
  const start = `${head({ number: result.step + 1, lane: step.lane })} ${micros(result.ns).padStart(12)}  `;
  const outcome = outcomeOf(result);
  const call = withCall ? `  ${syscallOf(step)}` : '';
  if (look.width === undefined || result.errno !== 0)
    return `${hanging(start, `${outcome.padEnd(withCall ? 4 : 0)}${call}`, look)}\n`;
  return `${withCall ? hanging(`${start}ok  `, syscallOf(step), look) : `${start}ok`}\n`;
}

/** A line for each step that ran, with how it ended and how long it took, and the totals of both lanes. */
export function traceTable(plan: Plan, results: readonly StepResult[], look: Look = {}): string {
  const sums = { host: 0, container: 0 };
  for (const { step, ns } of results) {
    const lane = plan.steps[step]?.lane;
    if (lane !== undefined) sums[lane] += ns;
  }
  const heads = look.width === undefined ? '' : `   #  lane            time  answer\n`;
  const lines = results.map((result) => traceLine(plan, result, look));
  const total =
    `${results.length} steps: host lane ${micros(sums.host)} (waiting for the container included), ` +
    `container lane ${micros(sums.container)}`;
  return `${heads}${lines.join('')}${hanging('', total, look)}\n`;
}
