import type { StepResult } from '../../native/types.ts';
import { hanging, head, type Look, type Row } from '../../plan/explain.ts';
import { syscallOf } from '../../plan/syscall.ts';
import type { Plan } from '../../plan/types.ts';
import { visible } from '../../store/text.ts';

const micros = (ns: number): string => `${(ns / 1000).toFixed(1)} µs`;

/** How a step ended. */
const outcomeOf = ({ errno, syscall, path, code }: StepResult): string =>
  errno === 0 ? 'ok' : `${syscall} ${path}: ${code}`;

/** `12  container      35.6 µs  ok    …`: a step that ran, its time, how it ended, and the call where that is asked for. */
export function traceLine(plan: Plan, result: StepResult, look: Look, withCall = true): string {
  const step = plan.steps[result.step];
  if (!step) return '';
  const { ns, errno } = result;
  const row = {
    number: result.step + 1,
    lane: step.lane,
    ns,
    outcome: outcomeOf(result),
    isFailed: errno !== 0,
  };
  return drawn(row, withCall ? syscallOf(step) : undefined, look);
}

/** The same of what was done and is no step of a plan, or one that somebody else has run: without time then. */
export function traceRow(deed: TracedDeed, look: Look): string {
  const { number, lane, ns, code, call } = deed;
  const done = { lane, ns, outcome: code ?? 'ok', isFailed: code !== undefined };
  return drawn({ ...done, ...(number !== undefined && { number }) }, visible(call), look);
}

interface TracedDeed extends Pick<Row, 'number' | 'lane' | 'call'> {
  readonly ns?: number;
  readonly code?: string;
}

interface Done extends Pick<Row, 'number' | 'lane'> {
  readonly ns: number | undefined;
  readonly outcome: string;
  readonly isFailed: boolean;
}

function drawn({ number, lane, ns, outcome, isFailed }: Done, call: string | undefined, look: Look): string {
  const time = ns === undefined ? '' : micros(ns);
  const start = `${head({ ...(number !== undefined && { number }), lane })} ${time.padStart(12)}  `;
  const shown = call === undefined ? '' : `  ${call}`;
  if (look.width === undefined || isFailed)
    return `${hanging(start, `${outcome.padEnd(call === undefined ? 0 : 4)}${shown}`, look)}\n`;
  return `${call === undefined ? `${start}ok` : hanging(`${start}ok  `, call, look)}\n`;
}

/** On a terminal. */
export const heads = ({ width }: Look): string =>
  width === undefined ? '' : `   #  lane            time  answer\n`;

/** A line for each step that ran, with how it ended and how long it took, and the totals of both lanes. */
export function traceTable(plan: Plan, results: readonly StepResult[], look: Look = {}): string {
  const sums = { host: 0, container: 0 };
  for (const { step, ns } of results) {
    const lane = plan.steps[step]?.lane;
    if (lane !== undefined) sums[lane] += ns;
  }
  const lines = results.map((result) => traceLine(plan, result, look));
  const total =
    `${results.length} steps: host lane ${micros(sums.host)} (waiting for the container included), ` +
    `container lane ${micros(sums.container)}`;
  return `${heads(look)}${lines.join('')}${hanging('', total, look)}\n`;
}
