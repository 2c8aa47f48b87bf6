import { TinyrunError } from '../../errors.ts';
import { LayerStore } from '../../image/layers.ts';
import { ImageStore } from '../../image/store.ts';
import { HISTORY_HEADERS, historyRow, historySteps } from '../../views/history.ts';
import type { Command, Context } from '../command.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly human?: boolean;
  readonly trunc: boolean;
  readonly quiet?: boolean;
  readonly format?: string;
}

export const command: Command = {
  usage: '[options] IMAGE',
  examples: ['tinyrun history alpine', 'tinyrun history --no-trunc --human=false alpine'],
  define(program, context) {
    program
      .argument('<image>')
      .option('-H, --human', 'sizes and dates for people, as they are without')
      .option('--no-human', 'bytes and times, as --human=false does')
      .option('--no-trunc', 'whole commands and ids')
      .option('-q, --quiet', 'ids only')
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .action((image: string, flags: Flags) => history(image, flags, context));
  },
};

function history(name: string, flags: Flags, context: Context): void {
  const { human = true } = flags;
  const columns = ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'];
  const print = listing({ headers: HISTORY_HEADERS, columns, format: flags.format });
  const image = new ImageStore(context.dataRoot).resolve(name);
  if (!image) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${name}`);
  const layers = new LayerStore(context.dataRoot);
  const sizes = image.config.rootfs.diff_ids.map((id) => (layers.has(id) ? layers.info(id).size : 0));
  const rows = historySteps(image.config.history, sizes).map((step, i) =>
    historyRow(step, i === 0 ? image.id : '<missing>', { truncate: flags.trunc, human }),
  );
  const ids = rows.map((row) => `${row.ID}\n`).join('');
  context.out(flags.quiet ? ids : print(rows));
}
