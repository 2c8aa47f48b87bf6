import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { imagesPruned, isSure, printPruned } from '../output/prune.ts';

interface Flags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter?: readonly string[];
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun image prune', 'tinyrun image prune -a --filter until=24h'],
  define(program, context) {
    program
      .option('-a, --all', 'all that no container uses, not only those without a name')
      .option('-f, --force', 'do not ask')
      .option('--filter <KEY=VALUE>', 'until, label, label!', collect)
      .action((flags: Flags) => prune(flags, context));
  },
};

const WARNING = {
  all: 'WARNING! This will remove all images without at least one container associated to them.',
  dangling: 'WARNING! This will remove all dangling images.',
};

async function prune({ all = false, force, filter: filters }: Flags, context: Context): Promise<void> {
  if (!(await isSure(force, all ? WARNING.all : WARNING.dangling, context))) return;
  printPruned([imagesPruned(await createEngine(context).pruneImages({ all, filters }))], context);
}
