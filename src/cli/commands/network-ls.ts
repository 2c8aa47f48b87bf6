import { createEngine } from '../../engine/engine.ts';
import { NETWORK_COLUMNS, NETWORK_HEADERS, networkRow } from '../../views/networks.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly filter?: readonly string[];
  readonly format?: string;
  readonly quiet?: boolean;
  /** commander's, of --no-trunc. */
  readonly trunc: boolean;
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun network ls', 'tinyrun network ls -q --filter type=custom --filter label=team=web'],
  define(program, context) {
    program
      .option('-f, --filter <KEY=VALUE>', 'dangling, driver, id, label, name, scope, type', collect)
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .option('--no-trunc', 'whole ids')
      .option('-q, --quiet', 'ids only')
      .action((flags: Flags) => list(flags, context));
  },
};

async function list({ filter, format, quiet, trunc }: Flags, context: Context): Promise<void> {
  const print = listing({ headers: NETWORK_HEADERS, columns: NETWORK_COLUMNS, format });
  const onDamaged = (error: Error) => context.err(`tinyrun: ${error.message}\n`);
  const networks = await createEngine(context).networks(filter, onDamaged);
  const rows = networks.map((view) => networkRow(view, trunc));
  // a template of one's own shows what it says, quiet or not
  if (quiet && (!format || format === 'table')) return context.out(rows.map(({ ID }) => `${ID}\n`).join(''));
  context.out(print(rows));
}
