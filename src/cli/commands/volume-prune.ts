import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { isSure, printPruned, volumesPruned } from '../output/prune.ts';

interface Flags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter?: readonly string[];
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun volume prune', 'tinyrun volume prune -af --filter label=old'],
  define(program, context) {
    program
      .option('-a, --all', 'those with a name, too')
      .option('-f, --force', 'do not ask')
      .option('--filter <KEY=VALUE>', 'all, label, label!', collect)
      .action((flags: Flags) => prune(flags, context));
  },
};

async function prune({ all = false, force, filter: filters = [] }: Flags, context: Context): Promise<void> {
  const which = all ? 'all' : 'anonymous';
  const warning = `WARNING! This will remove ${which} local volumes not used by at least one container.`;
  if (!(await isSure(force, warning, context))) return;
  printPruned([volumesPruned(await createEngine(context).pruneVolumes({ all, filters }))], context);
}
