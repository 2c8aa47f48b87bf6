import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { isSure, networksPruned, printPruned } from '../output/prune.ts';

interface Flags {
  readonly force?: boolean;
  readonly filter?: readonly string[];
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun network prune', 'tinyrun network prune -f --filter until=24h'],
  define(program, context) {
    program
      .option('-f, --force', 'do not ask')
      .option('--filter <KEY=VALUE>', 'until, label, label!', collect)
      .action((flags: Flags) => prune(flags, context));
  },
};

async function prune({ force, filter = [] }: Flags, context: Context): Promise<void> {
  const warning = 'WARNING! This will remove all custom networks not used by at least one container.';
  if (!(await isSure(force, warning, context))) return;
  printPruned([networksPruned(await createEngine(context).pruneNetworks(filter))], context);
}
