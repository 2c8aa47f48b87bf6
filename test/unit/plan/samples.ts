import fc from 'fast-check';
import { type FieldKind, STEPS } from '../../../src/plan/steps.gen.ts';
import { NO_SLOT, type Plan, SLOTS, type Step, type StepName } from '../../../src/plan/types.ts';

// Steps with arguments of the right kind and no sense, for what must hold for all of them.

const FIELDS: { readonly [K in FieldKind]: fc.Arbitrary<unknown> } = {
  u32: fc.integer({ min: 0, max: 0xffffffff }),
  i32: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  slot: fc.oneof(fc.integer({ min: 0, max: SLOTS - 1 }), fc.constant(NO_SLOT)),
  u64: fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
  i64: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
  str: fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', '')),
  bytes: fc.uint8Array({ maxLength: 40 }),
  strs: fc.array(
    fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
    { maxLength: 5 },
  ),
  u32s: fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 5 }),
};

const NAMES = Object.keys(STEPS) as StepName[];

function stepOf(op: StepName): fc.Arbitrary<Step> {
  const fields: readonly (readonly [string, FieldKind])[] = STEPS[op].fields;
  const lane = STEPS[op].lane === 'both' ? fc.constantFrom('host', 'container') : fc.constant(STEPS[op].lane);
  return fc
    .record({
      lane,
      args: fc.record(Object.fromEntries(fields.map(([name, kind]) => [name, FIELDS[kind]]))),
      mayFail: fc.boolean(),
    })
    .map(
      ({ lane, args, mayFail }) => ({ op, lane, args, why: 'a test', ...(mayFail && { mayFail }) }) as Step,
    );
}

/** Any step. */
export const step: fc.Arbitrary<Step> = fc.constantFrom(...NAMES).chain(stepOf);

/** Any plan: what the wire must carry, whether or not it makes sense. */
export const plan: fc.Arbitrary<Plan> = fc.array(step, { maxLength: 12 }).map((steps) => ({ steps }));

/** One step of a kind, always the same. */
export function sampleStep(op: StepName): Step {
  return fc.sample(stepOf(op), { numRuns: 1, seed: 1 })[0] as Step;
}
