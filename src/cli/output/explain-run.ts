import type { ContainerConfig } from '../../engine/config/types.ts';
import type { Engine, Explained } from '../../engine/engine.ts';
import type { RunControl } from '../../engine/types.ts';
import { type Asides, explainPlan, planAsJson } from '../../plan/explain.ts';
import type { Plan } from '../../plan/types.ts';
import { undoSteps } from '../../plan/undo.ts';
import type { Context } from '../command.ts';
import { look } from './screen.ts';

/** How a plan is shown; `undo`: what takes it back. */
export interface Shown {
  readonly json: boolean;
  readonly undo: boolean;
}

/** --explain: the plan on standard output, or the list that takes it back; nothing run. */
export async function explainRun(
  engine: Engine,
  { config, control }: { config: ContainerConfig; control: RunControl },
  how: Shown,
  context: Context,
): Promise<void> {
  showPlan(await engine.explain(config, control), how, context);
}

/** The plan of a container that is, or that would be. */
export function showPlan({ plan, books }: Explained, { json, undo }: Shown, context: Context): void {
  if (undo) printPlan({ steps: undoSteps(plan) }, json, context);
  else printPlan(plan, json, context, books);
}

export function printPlan(plan: Plan, json: boolean, context: Context, around?: Asides): void {
  context.draw(json ? `${planAsJson(plan, around)}\n` : explainPlan(plan, look(), around));
}
