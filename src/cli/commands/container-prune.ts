import { createEngine } from '../../engine/engine.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { collect } from '../options.ts';
import { confirm } from '../output/ask.ts';

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

const QUESTION =
  'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ';

async function prune({ force, filter }: Flags, context: Context): Promise<void> {
  if (!force && !(await confirm(QUESTION, context))) return;
  const { deleted, reclaimed, failed } = await createEngine(context).prune(filter);
  if (deleted.length > 0) context.out(`Deleted Containers:\n${deleted.map((id) => `${id}\n`).join('')}\n`);
  context.out(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
  for (const error of failed) context.err(formatFailure(toFailure(error), context.command));
  if (failed.length > 0) context.exitCode = 1;
}
