import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { containersPruned, isSure, printPruned } from '../output/prune.ts';

interface Flags {
  readonly force?: boolean;
  readonly filter?: readonly string[];
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun container prune', 'tinyrun container prune -f --filter until=24h'],
  define(program, context) {
    program
      .option('-f, --force', 'do not ask')
      .option('--filter <KEY=VALUE>', 'until, label, label!', collect)
      .action((flags: Flags) => prune(flags, context));
  },
};

async function prune({ force, filter }: Flags, context: Context): Promise<void> {
  if (!(await isSure(force, 'WARNING! This will remove all stopped containers.', context))) return;
  printPruned([containersPruned(await createEngine(context).prune(filter))], context);
}
