import { TinyrunError } from '../../errors.ts';
import { LayerStore } from '../../image/layers.ts';
import { ImageStore } from '../../image/store.ts';
import type { HistoryEntry, ImageRecord } from '../../image/types.ts';
import { humanDuration, humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly human: boolean | string;
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
      .option('-H, --human [BOOL]', 'sizes and dates for people', true)
      .option('--no-trunc', 'whole commands and ids')
      .option('-q, --quiet', 'ids only')
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .action((image: string, flags: Flags) => history(image, flags, context));
  },
};

const HEADERS = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

function history(name: string, flags: Flags, context: Context): void {
  const human = flags.human !== 'false' && flags.human !== false;
  const columns = ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'];
  const print = listing({ headers: HEADERS, columns, format: flags.format });
  const image = new ImageStore(context.dataRoot).resolve(name);
  if (!image) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${name}`);
  const rows = steps(image, context).map(({ entry, size }, i) =>
    rowOf(entry, size, i === 0 ? image.id : '<missing>', flags, human),
  );
  const ids = rows.map((row) => `${row.ID}\n`).join('');
  context.out(flags.quiet ? ids : print(rows));
}

/** Newest first, each with the bytes of its layer; layers that history does not name come as steps of their own. */
function steps(image: ImageRecord, context: Context): { entry: HistoryEntry; size: number }[] {
  const layers = new LayerStore(context.dataRoot);
  const sizes = image.config.rootfs.diff_ids.map((diffId) =>
    layers.has(diffId) ? layers.info(diffId).size : 0,
  );
  const written = image.config.history ?? [];
  const named = written.filter((entry) => !entry.empty_layer).length;
  const unnamed = sizes.slice(named).map(() => ({}) as HistoryEntry);
  const all = [...written, ...unnamed].map((entry) => ({
    entry,
    size: entry.empty_layer ? 0 : (sizes.shift() ?? 0),
  }));
  return all.reverse();
}

function rowOf(entry: HistoryEntry, size: number, id: string, flags: Flags, human: boolean) {
  const time = Date.parse(entry.created ?? '');
  const by = (entry.created_by ?? '').replaceAll('\t', ' ');
  const shown = flags.trunc && by.length > 45 ? `${by.slice(0, 44)}…` : by;
  return {
    Comment: entry.comment ?? '',
    CreatedAt: time > 0 ? `${new Date(time).toISOString().slice(0, 19)}Z` : 'N/A',
    CreatedBy: shown,
    CreatedSince: time > 0 ? `${humanDuration(Date.now() - time)} ago` : 'N/A',
    ID: flags.trunc && id.startsWith('sha256:') ? id.slice(7, 19) : id,
    Size: human ? humanSize(size) : String(size),
  };
}
