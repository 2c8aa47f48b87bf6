import { TinyrunError } from '../../errors.ts';
import type { StepFailure } from '../../native/types.ts';
import type { Plan, Step } from '../../plan/types.ts';

/** The step that a start failed at. */
function failed(error: unknown, { steps }: Plan): { step: Step; failure: StepFailure } | undefined {
  const failure =
    error instanceof TinyrunError ? (error.cause as Partial<StepFailure> | undefined) : undefined;
  const step = typeof failure?.step === 'number' ? steps[failure.step] : undefined;
  return step && { step, failure: failure as StepFailure };
}

/** Whether a start has failed for want of our bridge, which somebody has removed. */
export function isBridgeGone(error: unknown, plan: Plan): boolean {
  const { step, failure } = failed(error, plan) ?? {};
  return step?.op === 'netlink' && step.lane === 'host' && failure?.code === 'ENODEV';
}
