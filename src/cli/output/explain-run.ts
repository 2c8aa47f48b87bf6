import type { ContainerConfig } from '../../engine/config/types.ts';
import type { Engine } from '../../engine/engine.ts';
import type { RunControl } from '../../engine/types.ts';
import { type Asides, explainPlan, planAsJson } from '../../plan/explain.ts';
import type { Plan } from '../../plan/types.ts';
import { undoSteps } from '../../plan/undo.ts';
import type { Context } from '../command.ts';
import { look } from './screen.ts';

/** --explain: the plan on standard output, or the list that takes it back; nothing run. */
export async function explainRun(
  engine: Engine,
  { config, control }: { config: ContainerConfig; control: RunControl },
  { json, undo }: { json: boolean; undo: boolean },
  context: Context,
): Promise<void> {
  const { plan, books } = await engine.explain(config, control);
  const shown = undo ? { steps: undoSteps(plan) } : plan;
  const around = undo ? undefined : books;
  printPlan(shown, json, context, around);
}

export function printPlan(plan: Plan, json: boolean, context: Context, around?: Asides): void {
  context.draw(json ? `${planAsJson(plan, around)}\n` : explainPlan(plan, look(), around));
}
