import { ImageStore } from '../../image/store.ts';
import { type ImageLine, linesOf, NONE, views } from '../../image/view.ts';
import { HEADERS, rowOf } from '../../views/images.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly all?: boolean;
  readonly digests?: boolean;
  readonly filter?: readonly string[];
  readonly format?: string;
  readonly trunc: boolean;
  readonly quiet?: boolean;
}

export const command: Command = {
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

async function list(repository: string | undefined, flags: Flags, context: Context): Promise<void> {
  const digest = flags.digests ? ['Digest'] : [];
  const columns = ['Repository', 'Tag', ...digest, 'ID', 'CreatedSince', 'Size'];
  const print = listing({ headers: HEADERS, columns, format: flags.format });
  const lines = await wanted(repository, flags, context);
  const id = (line: ImageLine) => (flags.trunc ? line.view.id.slice(7, 19) : line.view.id);
  // a template of one's own shows what it says, quiet or not
  if (flags.quiet && (!flags.format || flags.format === 'table'))
    return context.out(lines.map((line) => `${id(line)}\n`).join(''));
  const rows = lines.map((line) => rowOf(line, id(line)));
  context.out(print(rows));
}

/** An argument is one more filter `reference`; such filters choose among an image's names, too. */
async function wanted(
  repository: string | undefined,
  flags: Flags,
  context: Context,
): Promise<readonly ImageLine[]> {
  const store = new ImageStore(context.dataRoot);
  const all = views(store.list());
  const given = [...(flags.filter ?? []), ...(repository === undefined ? [] : [`reference=${repository}`])];
  if (given.length === 0) return all.flatMap(linesOf);
  const { IMAGE_FILTERS, matcher, namedBy, parseFilters } = await import('../../image/filter.ts');
  const filters = parseFilters(given, IMAGE_FILTERS);
  const find = (text: string) => all.find((view) => view.id === store.find(text)?.id);
  const lines = all.filter(matcher(filters, find)).flatMap(linesOf);
  const references = filters.get('reference');
  return references ? lines.filter((line) => namedBy(references)(nameOf(line))) : lines;
}

const nameOf = ({ repository, tag, digest }: ImageLine): string =>
  tag === NONE ? `${repository}@${digest}` : `${repository}:${tag}`;
