import { type DiskUsage, diskUsage, treeSize } from '../../engine/usage.ts';
import { listVolumes } from '../../engine/volumes/volumes.ts';
import { HEADERS as CONTAINER_HEADERS } from '../../views/containers.ts';
import {
  containerUsageRow,
  imageUsageRow,
  summaryRows,
  USAGE_HEADERS,
  type VolumeUsage,
  volumeUsageRow,
} from '../../views/disk-usage.ts';
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
      .option('-v, --verbose', 'each image, container and volume')
      .action((flags: Flags) => show(flags, context));
  },
};

function show({ format, verbose }: Flags, context: Context): void {
  const print = (verbose ? verbosePrinter : summaryPrinter)(format || 'table');
  const onDamaged = (error: Error) => context.err(`tinyrun: ${error.message}\n`);
  const usage = diskUsage(context, onDamaged);
  const volumes = listVolumes(context, [], onDamaged).map((view) => ({
    view,
    size: treeSize(view.mountpoint),
  }));
  context.out(print(usage, volumes));
}

type Print = (usage: DiskUsage, volumes?: readonly VolumeUsage[]) => string;

export function summaryPrinter(format: string): Print {
  const print = listing({ headers: USAGE_HEADERS, columns: Object.keys(USAGE_HEADERS), format });
  return (usage, volumes) => print(summaryRows(usage, volumes));
}

/** Tables, or one document of all for `json` and templates, which get no newline of ours, as with Docker. */
export function verbosePrinter(format: string): Print {
  const short = format.startsWith('table');
  const rows = ({ images, containers }: DiskUsage, volumes: readonly VolumeUsage[] = []) => ({
    Images: images.map((usage) => new Row(imageUsageRow(usage, short))),
    Containers: containers.map((usage) => new Row(containerUsageRow(usage, short))),
    Volumes: volumes.map((usage) => new Row(volumeUsageRow(usage))),
    BuildCache: [],
  });
  if (format === 'table') return (usage, volumes) => tables(rows(usage, volumes));
  const template = compileTemplate(format === 'json' ? '{{json .}}' : readFormat(format).text);
  return (usage, volumes) => template(rows(usage, volumes));
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

function tables(rows: Readonly<Record<'Images' | 'Containers' | 'Volumes', readonly Row[]>>): string {
  const images = listing({ headers: IMAGE_HEADERS, columns: IMAGE_COLUMNS })(rows.Images);
  const containers = listing({ headers: CONTAINER_HEADERS, columns: CONTAINER_COLUMNS })(rows.Containers);
  const volumes = listing({ headers: VOLUME_HEADERS, columns: Object.keys(VOLUME_HEADERS) })(rows.Volumes);
  const empty = (headers: Readonly<Record<string, string>>) =>
    listing({ headers, columns: Object.keys(headers) })([]);
  return [
    `Images space usage:\n\n${images}`,
    `Containers space usage:\n\n${containers}`,
    `Local Volumes space usage:\n\n${volumes}`,
    `Build cache usage: 0B\n\n${empty(CACHE_HEADERS)}`,
  ].join('\n');
}
