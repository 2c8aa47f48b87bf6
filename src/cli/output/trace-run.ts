import type { ContainerConfig } from '../../engine/config/types.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Watch } from '../../engine/run.ts';
import type { RunControl } from '../../engine/types.ts';
import type { StepResult } from '../../native/types.ts';
import type { Plan } from '../../plan/types.ts';
import { toJson } from '../../store/text.ts';
import type { Context } from '../command.ts';
import { exitCodeAfter } from '../exit-code.ts';
import { interruptible } from '../interrupt.ts';
import { openPrompt } from './prompt.ts';
import { look } from './screen.ts';
import { Quit, Stepper } from './step.ts';
import { traceTable } from './trace.ts';

/** --trace and --step: the plan runs; what is told of it goes to standard error, standard output is the program's. */
export async function traceRun(
  engine: Engine,
  { config, control }: { config: ContainerConfig; control: RunControl },
  how: { step: boolean; json: boolean },
  context: Context,
): Promise<number> {
  const wholly = { ...control, sigProxy: true };
  const run = async (watch: Watch) => exitCodeAfter(await engine.run(config, wholly, watch), context);
  if (!how.step) return await run(traced(how.json, context));
  const prompt = await openPrompt(config.openStdin === true);
  try {
    // a person who has seen enough presses Ctrl-C: the half-built container goes, too
    return await interruptible((signal) => run(stepped(prompt, how.json, context, signal)));
  } catch (error) {
    if (error instanceof Quit) return QUIT;
    throw error;
  } finally {
    prompt.close();
  }
}

/** As after Ctrl-C: the program has not run. */
const QUIT = 130;

export function traced(json: boolean, context: Context): Watch {
  let plan: Plan | undefined;
  const report = (results: readonly StepResult[]) => {
    if (json) context.err(`${toJson(results)}\n`);
    else if (plan) context.err(traceTable(plan, results, { ...look(process.stderr), paint: undefined }));
  };
  return {
    trace: true,
    onPlan: (compiled) => {
      plan = compiled;
    },
    onFailure: report,
    onLaunched: ({ results }) => report(results),
  };
}

function stepped(
  prompt: Awaited<ReturnType<typeof openPrompt>>,
  json: boolean,
  context: Context,
  signal: AbortSignal,
): Watch {
  let stepper: Stepper | undefined;
  const finish = (results: readonly StepResult[]) =>
    json ? context.err(`${toJson(results)}\n`) : stepper?.finish(results);
  return {
    trace: true,
    onPlan: (plan) => {
      stepper = new Stepper(plan, prompt, context, { ...look(process.stderr), paint: undefined });
    },
    onPause: async (index, { pid, results }) => await stepper?.stop(index, pid, results, signal),
    onFailure: finish,
    onLaunched: ({ results }) => finish(results),
  };
}
