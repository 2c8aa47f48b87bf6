import { TinyrunError } from '../../errors.ts';
import type { Contribution } from '../contribution.ts';
import { type FieldKind, STEPS } from '../steps.gen.ts';
import { NO_SLOT, type Step } from '../types.ts';
import type { Context } from './context.ts';
import { STAGE } from './options.ts';

/** Where their steps come into a plan. */
export interface Contributed {
  /** Host lane, before clone. */
  before(): void;
  /** Host lane, while the container lane goes on: who needs what is made there comes to `inside`. */
  bornAhead(): void;
  /** Host lane, while the container lane, which has come to its network namespace, waits; then `inside`. */
  meet(): void;
  /** Container lane, once `bornAhead` has been done. */
  inside(): void;
}

/** The steps of a contribution with the plan's own slots. */
function placed(c: Context, contribution: Contribution): Contribution {
  const { before = [], born = [], inside = [], slots = 0, passed = [] } = contribution;
  const places = Array.from({ length: slots }, (_, n) => (passed.includes(n) ? c.passedSlot() : c.slot()));
  const moved = (steps: readonly Step[]) => steps.map((step) => withSlots(step, places));
  return { before: moved(before), born: moved(born), inside: moved(inside) };
}

function withSlots(step: Step, places: readonly number[]): Step {
  const fields: readonly (readonly [string, FieldKind])[] = STEPS[step.op].fields;
  const slots = fields.filter(([, kind]) => kind === 'slot');
  if (slots.length === 0) return step;
  const args: Record<string, unknown> = { ...step.args };
  for (const [name] of slots) args[name] = placeOf(args[name] as number, places);
  return { ...step, args } as Step;
}

function placeOf(slot: number, places: readonly number[]): number {
  if (slot === NO_SLOT) return slot;
  const place = places[slot];
  if (place === undefined) throw new TinyrunError('PLAN_ARGUMENT', `a contribution has no slot ${slot}`);
  return place;
}

/** Those of the options. Without any, nothing comes into the plan. */
export function contributions(c: Context): Contributed {
  const all = (c.options.contributions ?? []).map((each) => placed(c, each));
  const of = (part: 'before' | 'born' | 'inside') => all.flatMap((each) => each[part] ?? []);
  const add = (part: 'before' | 'born' | 'inside') => c.steps.push(...of(part));
  if (all.length > 0 && !c.has('network'))
    throw new TinyrunError('PLAN_ARGUMENT', 'what is added to a network needs one that is not the host’s');
  const stage = STAGE.network;
  const hasAny = of('born').length + of('inside').length > 0;
  let isAhead = false;
  return {
    before: () => add('before'),
    bornAhead() {
      isAhead = true;
      add('born');
    },
    meet() {
      if (isAhead || !hasAny) return;
      c.inContainer('sync', { stage }, 'its network namespace is there');
      c.onHost('awaitSync', { stage }, 'it can be given links');
      add('born');
      c.onHost('signalSync', { stage }, 'they are there');
      add('inside');
    },
    inside() {
      if (!isAhead || !hasAny) return;
      c.inContainer('sync', { stage }, 'until its links are there');
      c.onHost('awaitSync', { stage }, 'it has got on without them so far');
      c.onHost('signalSync', { stage }, 'they are there');
      add('inside');
    },
  };
}
