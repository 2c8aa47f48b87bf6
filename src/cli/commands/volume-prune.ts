import { createEngine } from '../../engine/engine.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { collect } from '../options.ts';
import { confirm } from '../output/ask.ts';

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

const question = (all: boolean): string =>
  `WARNING! This will remove ${all ? 'all' : 'anonymous'} local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] `;

async function prune({ all = false, force, filter }: Flags, context: Context): Promise<void> {
  if (!force && !(await confirm(question(all), context))) return;
  const { deleted, reclaimed, failed } = await createEngine(context).pruneVolumes({
    all,
    ...(filter && { filters: filter }),
  });
  if (deleted.length > 0) context.out(`Deleted Volumes:\n${deleted.map((name) => `${name}\n`).join('')}\n`);
  context.out(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
  for (const error of failed) context.err(formatFailure(toFailure(error), context.command));
  if (failed.length > 0) context.exitCode = 1;
}
