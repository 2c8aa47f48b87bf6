import type { Engine } from '../../engine/engine.ts';
import type { RunOptions } from '../../engine/types.ts';
import { explainPlan, planAsJson } from '../../plan/explain.ts';
import { undoSteps } from '../../plan/undo.ts';
import type { Context } from '../command.ts';
import { look } from './screen.ts';

/** --explain: the plan on standard output, or the list that takes it back; nothing run. */
export async function explainRun(
  engine: Engine,
  options: RunOptions,
  { json, undo }: { json: boolean; undo: boolean },
  context: Context,
): Promise<void> {
  const { plan } = await engine.explain(options);
  const shown = undo ? { steps: undoSteps(plan) } : plan;
  context.draw(json ? `${planAsJson(shown)}\n` : explainPlan(shown, look()));
}
