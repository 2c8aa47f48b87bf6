import type { ContainerConfig } from '../../engine/config/types.ts';
import type { Engine } from '../../engine/engine.ts';
import type { CreateOptions } from '../../engine/types.ts';
import { explainPlan, planAsJson } from '../../plan/explain.ts';
import { undoSteps } from '../../plan/undo.ts';
import type { Context } from '../command.ts';
import { look } from './screen.ts';

/** --explain: the plan on standard output, or the list that takes it back; nothing run. */
export async function explainRun(
  engine: Engine,
  { config, options }: { config: ContainerConfig; options: CreateOptions },
  { json, undo }: { json: boolean; undo: boolean },
  context: Context,
): Promise<void> {
  const { plan } = await engine.explain(config, options);
  const shown = undo ? { steps: undoSteps(plan) } : plan;
  context.draw(json ? `${planAsJson(shown)}\n` : explainPlan(shown, look()));
}
