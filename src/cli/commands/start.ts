import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';
import { forEach } from '../each.ts';
import { showPlan } from '../output/explain-run.ts';

interface Flags {
  readonly explain?: boolean;
  readonly undo?: boolean;
  readonly json?: boolean;
}

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun start web', 'tinyrun start web db', 'tinyrun start --explain web'],
  define(program, context) {
    program
      .argument('<container...>')
      .option('--explain', 'print the plan and start nothing')
      .option('--undo', 'with --explain: what takes the plan back, last step first')
      .option('--json', 'the plan as JSON')
      .action((containers: string[], flags: Flags) => start(containers, flags, context));
  },
};

async function start(containers: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { explain, undo = false, json = false } = flags;
  const engine = createEngine(context);
  if (!explain && !undo && !json) return await forEach(containers, context, (name) => engine.start(name));
  for (const name of containers) showPlan(await engine.explainStart(name), { json, undo }, context);
}
