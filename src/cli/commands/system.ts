import type { Command, Context } from '../command.ts';
import { addCommand } from '../program.ts';

interface Flags {
  readonly format?: string;
  readonly verbose?: boolean;
}

const df: Command = {
  name: 'df',
  summary: 'show what images and containers take on disk',
  usage: '[options]',
  examples: ['tinyrun system df', 'tinyrun system df --format json'],
  define(program, context) {
    program
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .action((flags: Flags) => diskUsage(flags, context));
  },
};

export const command: Command = {
  name: 'system',
  summary: 'manage tinyrun itself',
  usage: 'COMMAND',
  examples: ['tinyrun system df'],
  define(program, context) {
    addCommand(program, df, context);
  },
};

const HEADERS = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
};

async function diskUsage(flags: Flags, context: Context): Promise<void> {
  const { usage } = await import('../../engine/usage.ts');
  const { formatRows } = await import('../output/table-rows.ts');
  const { humanSize } = await import('../output/table.ts');
  const rows = usage(context).map(({ type, total, active, size, reclaimable }) => {
    const share = size > 0 ? ` (${Math.floor((reclaimable / size) * 100)}%)` : '';
    return {
      Active: String(active),
      Reclaimable: `${humanSize(reclaimable, 4)}${share}`,
      Size: humanSize(size, 4),
      TotalCount: String(total),
      Type: type,
    };
  });
  const columns = ['Type', 'TotalCount', 'Active', 'Size', 'Reclaimable'];
  context.out(formatRows({ rows, headers: HEADERS, columns, format: flags.format }));
}
