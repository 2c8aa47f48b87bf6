import { createEngine } from '../../engine/engine.ts';
import { STATS_COLUMNS, STATS_HEADERS, statsRow } from '../../views/stats.ts';
import type { Command, Context } from '../command.ts';
import { redrawing } from '../output/redraw.ts';
import { screenWidth } from '../output/screen.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly all?: boolean;
  readonly stream: boolean;
  readonly trunc: boolean;
  readonly format?: string;
}

export const command: Command = {
  usage: '[options] [CONTAINER...]',
  examples: [
    'tinyrun stats',
    'tinyrun stats --no-stream web',
    "tinyrun stats --no-stream --format '{{.Name}} {{.CPUPerc}}'",
  ],
  define(program, context) {
    program
      .argument('[container...]')
      .option('-a, --all', 'those that do not run, too')
      .option('--no-stream', 'once, not again and again')
      .option('--no-trunc', 'whole ids')
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .action((names: string[], flags: Flags) => show(names, flags, context));
  },
};

async function show(names: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { all = false, format } = flags;
  const print = listing({ headers: STATS_HEADERS, columns: STATS_COLUMNS, format });
  // a template's rows may hold what an image has chosen; control characters of ours are for our table alone
  const isTable = !format || format.startsWith('table');
  const onTerminal = flags.stream && isTable && screenWidth() !== undefined;
  const draw = onTerminal ? redrawing(context.draw) : context.out;
  for await (const stats of createEngine(context).stats(names, { all })) {
    draw(print(stats.map((one) => statsRow(one, flags.trunc))));
    if (!flags.stream) return;
  }
}
