import { type DiskUsage, diskUsage } from '../../engine/usage.ts';
import { HEADERS as CONTAINER_HEADERS } from '../../views/containers.ts';
import { containerUsageRow, imageUsageRow, summaryRows, USAGE_HEADERS } from '../../views/disk-usage.ts';
import { HEADERS as IMAGE_HEADERS } from '../../views/images.ts';
import type { Command, Context } from '../command.ts';
import { listing, readFormat } from '../output/table-rows.ts';
import { compileTemplate } from '../output/template.ts';
import { Row } from '../output/template-values.ts';

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

function show({ format, verbose }: Flags, context: Context): void {
  const print = (verbose ? verbosePrinter : summaryPrinter)(format || 'table');
  const usage = diskUsage(context, (error) => context.err(`tinyrun: ${error.message}\n`));
  context.out(print(usage));
}

export function summaryPrinter(format: string): (usage: DiskUsage) => string {
  const print = listing({ headers: USAGE_HEADERS, columns: Object.keys(USAGE_HEADERS), format });
  return (usage) => print(summaryRows(usage));
}

/** Tables, or one document of all for `json` and templates, which get no newline of ours, as with Docker. */
export function verbosePrinter(format: string): (usage: DiskUsage) => string {
  const short = format.startsWith('table');
  const rows = ({ images, containers }: DiskUsage) => ({
    Images: images.map((usage) => new Row(imageUsageRow(usage, short))),
    Containers: containers.map((usage) => new Row(containerUsageRow(usage, short))),
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
