import { ImageStore } from '../../image/store.ts';
import { type ImageLine, linesOf, views } from '../../image/view.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { humanDuration, humanSize } from '../output/table.ts';
import { formatRows } from '../output/table-rows.ts';

interface Flags {
  readonly all?: boolean;
  readonly digests?: boolean;
  readonly filter?: readonly string[];
  readonly format?: string;
  readonly trunc: boolean;
  readonly quiet?: boolean;
}

export const command: Command = {
  name: 'images',
  summary: 'list images',
  usage: '[options] [REPOSITORY[:TAG]]',
  examples: [
    'tinyrun images',
    'tinyrun images --filter dangling=true -q',
    "tinyrun images --format '{{.Repository}}:{{.Tag}} {{.Size}}'",
  ],
  define(program, context) {
    program
      .argument('[repository]')
      .option('-a, --all', 'accepted for Docker’s sake: there are no hidden images')
      .option('--digests', 'show the digests that registries know')
      .option('-f, --filter <KEY=VALUE>', 'dangling, label, before, since, until, reference', collect)
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .option('--no-trunc', 'whole ids')
      .option('-q, --quiet', 'ids only')
      .action((repository: string | undefined, flags: Flags) => list(repository, flags, context));
  },
};

const HEADERS = {
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  ID: 'IMAGE ID',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  VirtualSize: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
  Containers: 'CONTAINERS',
};

async function list(repository: string | undefined, flags: Flags, context: Context): Promise<void> {
  const lines = (await wanted(flags, context)).filter((line) => isNamed(line, repository));
  const id = (line: ImageLine) => (flags.trunc ? line.view.id.slice(7, 19) : line.view.id);
  if (flags.quiet) return context.out(lines.map((line) => `${id(line)}\n`).join(''));
  const rows = lines.map((line) => rowOf(line, id(line)));
  const digest = flags.digests ? ['Digest'] : [];
  const columns = ['Repository', 'Tag', ...digest, 'ID', 'CreatedSince', 'Size'];
  context.out(formatRows({ rows, headers: HEADERS, columns, format: flags.format }));
}

async function wanted(flags: Flags, context: Context): Promise<ImageLine[]> {
  const store = new ImageStore(context.dataRoot);
  const all = views(store.list());
  if (!flags.filter) return all.flatMap(linesOf);
  const { IMAGE_FILTERS, matcher, parseFilters } = await import('../../image/filter.ts');
  const filters = parseFilters(flags.filter, IMAGE_FILTERS);
  const find = (text: string) => all.find((view) => view.id === store.find(text)?.id);
  return all.filter(matcher(filters, find)).flatMap(linesOf);
}

function isNamed(line: ImageLine, repository: string | undefined): boolean {
  if (repository === undefined) return true;
  return repository === line.repository || repository === `${line.repository}:${line.tag}`;
}

function rowOf({ view, repository, tag, digest }: ImageLine, id: string) {
  const { created, size } = view.entry;
  const time = Date.parse(created);
  return {
    Containers: 'N/A',
    CreatedAt: created,
    CreatedSince: time > 0 ? `${humanDuration(Date.now() - time)} ago` : 'N/A',
    Digest: digest,
    ID: id,
    Repository: repository,
    SharedSize: 'N/A',
    Size: humanSize(size),
    Tag: tag,
    UniqueSize: 'N/A',
    VirtualSize: humanSize(size),
  };
}
