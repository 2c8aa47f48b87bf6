import type { ContainerUsage, DiskUsage, ImageUsage } from '../../engine/usage.ts';
import { linesOf } from '../../image/view.ts';
import { HEADERS as CONTAINER_HEADERS, rowOf as containerRow } from '../../views/containers.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { listing, readFormat } from '../output/table-rows.ts';
import { compileTemplate } from '../output/template.ts';
import { Row } from '../output/template-values.ts';
import { HEADERS as IMAGE_HEADERS, rowOf as imageRow } from './images.ts';

interface Flags {
  readonly format?: string;
  readonly verbose?: boolean;
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun system df', 'tinyrun system df -v', 'tinyrun system df --format json'],
  define(program, context) {
    program
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .option('-v, --verbose', 'each image and container')
      .action((flags: Flags) => show(flags, context));
  },
};

async function show({ format, verbose }: Flags, context: Context): Promise<void> {
  const print = (verbose ? verbosePrinter : summaryPrinter)(format || 'table');
  const { diskUsage } = await import('../../engine/usage.ts');
  const usage = diskUsage(context, (error) => context.err(`tinyrun: ${error.message}\n`));
  context.out(print(usage));
}

const HEADERS = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
};

/** Docker's four lines, always all of them: scripts count them. There are no volumes and no build cache yet. */
export function summaryPrinter(format: string): (usage: DiskUsage) => string {
  const print = listing({ headers: HEADERS, columns: Object.keys(HEADERS), format });
  return (usage) => print(summaryRows(usage));
}

function summaryRows({ images, containers, layers }: DiskUsage) {
  const sum = (list: readonly ContainerUsage[]) => list.reduce((total, { size }) => total + size, 0);
  const isActive = ({ view }: ContainerUsage) => view.status === 'running' || view.status === 'paused';
  const active = containers.filter(isActive);
  const used = images.filter((image) => image.containers > 0);
  return [
    summaryRow('Images', images.length, used.length, layers.size, layers.reclaimable),
    summaryRow(
      'Containers',
      containers.length,
      active.length,
      sum(containers),
      sum(containers) - sum(active),
    ),
    summaryRow('Local Volumes', 0, 0, 0, 0),
    summaryRow('Build Cache', 0, 0, 0, 0),
  ];
}

function summaryRow(type: string, total: number, active: number, size: number, reclaimable: number) {
  const share = size > 0 ? ` (${Math.floor((reclaimable * 100) / size)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size, 4),
    Reclaimable: `${humanSize(reclaimable, 4)}${share}`,
  };
}

/** Tables, or one document of all for `json` and templates, which get no newline of ours, as with Docker. */
export function verbosePrinter(format: string): (usage: DiskUsage) => string {
  const short = format.startsWith('table');
  const rows = ({ images, containers }: DiskUsage) => ({
    Images: images.map((usage) => imageUsageRow(usage, short)),
    Containers: containers.map((usage) => containerUsageRow(usage, short)),
    Volumes: [],
    BuildCache: [],
  });
  if (format === 'table') return (usage) => tables(rows(usage));
  const template = compileTemplate(format === 'json' ? '{{json .}}' : readFormat(format).text);
  return (usage) => template(rows(usage));
}

const VOLUME_HEADERS = { Name: 'VOLUME NAME', Links: 'LINKS', Size: 'SIZE' };
const CACHE_HEADERS = {
  ID: 'CACHE ID',
  CacheType: 'CACHE TYPE',
  Size: 'SIZE',
  CreatedSince: 'CREATED',
  LastUsedSince: 'LAST USED',
  UsageCount: 'USAGE',
  Shared: 'SHARED',
};

const IMAGE_COLUMNS = 'Repository Tag ID CreatedSince Size SharedSize UniqueSize Containers'.split(' ');
const CONTAINER_COLUMNS = 'ID Image Command LocalVolumes Size RunningFor Status Names'.split(' ');

function tables(rows: { Images: readonly Row[]; Containers: readonly Row[] }): string {
  const images = listing({ headers: IMAGE_HEADERS, columns: IMAGE_COLUMNS })(rows.Images);
  const containers = listing({ headers: CONTAINER_HEADERS, columns: CONTAINER_COLUMNS })(rows.Containers);
  const empty = (headers: Readonly<Record<string, string>>) =>
    listing({ headers, columns: Object.keys(headers) })([]);
  return [
    `Images space usage:\n\n${images}`,
    `Containers space usage:\n\n${containers}`,
    `Local Volumes space usage:\n\n${empty(VOLUME_HEADERS)}`,
    `Build cache usage: 0B\n\n${empty(CACHE_HEADERS)}`,
  ].join('\n');
}

/** As Docker shows it: by the first of its tags, without a digest. */
function imageUsageRow({ view, shared, unique, containers }: ImageUsage, short: boolean): Row {
  const [line] = linesOf({ ...view, digests: [] });
  const id = short ? view.id.slice(7, 19) : view.id;
  return new Row({
    ...(line && imageRow(line, id)),
    Containers: String(containers),
    Digest: '',
    SharedSize: humanSize(shared, 4),
    UniqueSize: humanSize(unique, 4),
  });
}

function containerUsageRow({ view, size }: ContainerUsage, short: boolean): Row {
  return new Row({ ...containerRow(view, { truncate: short }), Size: humanSize(size) });
}
