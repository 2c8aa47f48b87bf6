import { createEngine } from '../../engine/engine.ts';
import type { Swept } from '../../engine/garbage.ts';
import { toJson, visible } from '../../store/text.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';

interface Flags {
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun system gc --dry-run', 'tinyrun system gc'],
  define(program, context) {
    program
      .option('--dry-run', 'tell what there is, and take nothing back')
      .option('--json', 'the same as data')
      .action((flags: Flags) => collect(flags, context));
  },
};

async function collect({ dryRun = false, json }: Flags, context: Context): Promise<void> {
  const swept = await createEngine(context).collectGarbage({ dryRun });
  const failed = swept.flatMap(({ error }) => error ?? []);
  if (json)
    context.out(
      `${toJson(
        swept.map(({ error, ...one }) => ({ ...one, ...(error && { error: error.message }) })),
        2,
      )}\n`,
    );
  else context.out(drawSwept(swept, dryRun));
  for (const error of failed) context.err(formatFailure(toFailure(error), context.command));
  if (failed.length > 0) context.exitCode = 1;
}

/** A line for each, and what it comes to. */
export function drawSwept(swept: readonly Swept[], dryRun: boolean): string {
  const gone = swept.filter(({ error }) => error === undefined);
  const lines = gone.map(
    ({ kind, path, size }) => `${kind.padEnd(10)} ${visible(path)}${size > 0 ? ` ${humanSize(size)}` : ''}\n`,
  );
  const sum = humanSize(
    gone.reduce((all, { size }) => all + size, 0),
    4,
  );
  if (swept.length === 0) return 'nothing is left of a crash\n';
  return `${lines.join('')}\nTotal ${dryRun ? 'reclaimable' : 'reclaimed'} space: ${sum}\n`;
}
