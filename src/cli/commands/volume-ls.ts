import { createEngine } from '../../engine/engine.ts';
import { VOLUME_HEADERS, volumeRow } from '../../views/volumes.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly filter?: readonly string[];
  readonly format?: string;
  readonly quiet?: boolean;
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun volume ls', 'tinyrun volume ls -q --filter dangling=true'],
  define(program, context) {
    program
      .option('-f, --filter <KEY=VALUE>', 'dangling, driver, label, name', collect)
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .option('-q, --quiet', 'names only')
      .action((flags: Flags) => list(flags, context));
  },
};

async function list({ filter, format, quiet }: Flags, context: Context): Promise<void> {
  const print = listing({ headers: VOLUME_HEADERS, columns: ['Driver', 'Name'], format });
  const onDamaged = (error: Error) => context.err(`tinyrun: ${error.message}\n`);
  const volumes = await createEngine(context).volumes(filter, onDamaged);
  // a template of one's own shows what it says, quiet or not
  if (quiet && (!format || format === 'table'))
    return context.out(volumes.map(({ record }) => `${record.name}\n`).join(''));
  context.out(print(volumes.map(volumeRow)));
}
