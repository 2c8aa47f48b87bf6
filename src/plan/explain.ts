import { syscallOf } from './syscall.ts';
import type { Plan, Step } from './types.ts';

/** One line a step: number, lane, the system call as its man page writes it, and why. */
export function explainPlan(plan: Plan): string {
  return plan.steps.map((step, index) => `${explainStep(step, index)}\n`).join('');
}

/** Numbers count from 1, for people. */
export function explainStep(step: Step, index: number): string {
  return `${String(index + 1).padStart(3)}  ${step.lane.padEnd(9)}  ${syscallOf(step)}\n${WHY_INDENT}${step.why}`;
}

const WHY_INDENT = ' '.repeat(16);

/** The plan as data that JSON can hold: bytes in base64, 64-bit numbers as decimal strings. */
export function planAsJson(plan: Plan): string {
  const replace = (_key: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return value.toString();
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
    return value;
  };
  const steps = plan.steps.map((step, index) => ({
    number: index + 1,
    op: step.op,
    lane: step.lane,
    syscall: syscallOf(step),
    why: step.why,
    args: step.args,
    ...(step.undo ? { undo: step.undo } : {}),
  }));
  // a Buffer would have become its own JSON form before the replacer sees it
  return JSON.stringify({ steps: plain(steps) }, replace, 2);
}

/** Typed arrays as they are, Buffers as plain ones, so that `toJSON` does not get in the way. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
}
