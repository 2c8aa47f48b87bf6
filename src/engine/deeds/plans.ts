import type { StepResult } from '../../native/types.ts';
import { decode, type WireStep } from '../../plan/decode.ts';
import { hearPlans } from '../../plan/encode.ts';
import { syscallOf } from '../../plan/syscall.ts';
import type { Plan } from '../../plan/types.ts';
import { isUndo } from '../../plan/undo.ts';
import type { Deed } from './deed.ts';

// The addon and a monitor are given plans as bytes, in which there are no reasons: those are kept as they are encoded.

const heard: { readonly bytes: Uint8Array; readonly plan: Plan }[] = [];
/** More than any verb encodes for one container. */
const MOST = 16;

/** From here on. */
export function keepReasons(): void {
  hearPlans((plan, bytes) => {
    heard.unshift({ bytes, plan });
    heard.length = Math.min(heard.length, MOST);
  });
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && Buffer.compare(a, b) === 0;

/** An encoded plan with its reasons, where they are known. */
export function planFrom(bytes: Uint8Array): Plan {
  const known = heard.find((each) => same(each.bytes, bytes));
  if (known) return known.plan;
  const steps = decode(bytes);
  return { steps: steps.map((step) => ({ ...step, why: isUndo(step) ? UNDO : '' })) as Plan['steps'] };
}

const UNDO = 'takes back what its plan made';

const asDeed = (step: Plan['steps'][number], by: Deed['by']): Deed => ({
  by,
  syscall: syscallOf(step),
  why: step.why,
});

/** What a plan does; by one who is none of its lanes, where that is said. */
export const stepsOf = ({ steps }: Plan, by?: Deed['by']): Deed[] =>
  steps.map((step) => asDeed(step, by ?? step.lane));

/** What it did. */
export const resultsOf = ({ steps }: Plan, results: readonly StepResult[]): Deed[] =>
  results.flatMap(({ step: index, ns, errno, code }) => {
    const step = steps[index];
    if (step === undefined) return [];
    return [{ ...asDeed(step, step.lane), ns, ...(errno === 0 ? {} : { code: code ?? String(errno) }) }];
  });

export const isUndoList = ({
  steps,
}: {
  readonly steps: readonly Pick<WireStep, 'op' | 'lane'>[];
}): boolean => steps.every(isUndo);

/** How a monitor is born. */
export const MONITOR =
  'clone3({flags=CLONE_PIDFD|CLONE_VFORK}); execveat(tinyrun-init, ["tinyrun-init", "monitor"])';
