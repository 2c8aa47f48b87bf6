import { createEngine } from '../../engine/engine.ts';
import type { ContainerView } from '../../engine/record.ts';
import { isRunning } from '../../engine/status.ts';
import { ImageStore } from '../../image/store.ts';
import { COLUMNS, HEADERS, rowOf } from '../../views/containers.ts';
import type { Command, Context } from '../command.ts';
import { collect, wholeNumber } from '../options.ts';
import { listing } from '../output/table-rows.ts';

interface Flags {
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly latest?: boolean;
  readonly last: number;
  readonly size?: boolean;
  readonly filter?: readonly string[];
  readonly trunc: boolean;
  readonly format?: string;
}

export const command: Command = {
  usage: '[options]',
  examples: [
    'tinyrun ps',
    'tinyrun ps -a',
    'tinyrun ps -aq',
    "tinyrun ps -a --format '{{.ID}} {{.Names}}'",
    'tinyrun ps --filter label=team=web',
  ],
  define(program, context) {
    program
      .option('-a, --all', 'those that have ended too')
      .option('-q, --quiet', 'ids only')
      .option('-s, --size', 'what each has written, and with its image')
      .option('--no-trunc', 'whole ids and commands')
      .option('-l, --latest', 'the one made last, whatever its state')
      .option('-n, --last <N>', 'the N made last, whatever their state', wholeNumber, -1)
      .option(
        '-f, --filter <KEY=VALUE>',
        'id, name, label, status, health, exited, ancestor, before, since, volume, network',
        collect,
      )
      .option('--format <FORMAT>', 'table, json, or a Go template')
      .action((flags: Flags) => list(flags, context));
  },
};

async function list(flags: Flags, context: Context): Promise<void> {
  const columns = flags.size ? [...COLUMNS, 'Size'] : COLUMNS;
  const print = listing({ headers: HEADERS, columns, format: flags.format });
  // as docker ps has it, alone of all listings: a member that is not there is an error, even of nothing
  if (flags.format) print([rowOf(NOTHING, { truncate: flags.trunc })]);
  const views = await wanted(flags, context);
  if (flags.quiet) {
    if (flags.format) context.err(QUIET_WINS);
    const id = ({ record }: ContainerView) => (flags.trunc ? record.id.slice(0, 12) : record.id);
    return context.out(views.map((view) => `${id(view)}\n`).join(''));
  }
  const withSize = flags.size || /\.Size\b/.test(flags.format ?? '');
  const sizes = withSize ? (await import('../../engine/usage.ts')).sizesOf(context) : () => undefined;
  const rows = views.map((view) => rowOf(view, { truncate: flags.trunc, sizes: sizes(view) }));
  context.out(print(rows));
}

/** What a template is tried on. */
const NOTHING: ContainerView = {
  record: {
    version: 2,
    id: '',
    name: '',
    created: '',
    config: { image: '' },
    image: { id: '', layers: [] },
    argv: [],
    hostname: '',
    labels: {},
    stopSignal: 0,
    mounts: [],
  },
  status: 'created',
};

/** Docker's warning. */
const QUIET_WINS = 'WARNING: Ignoring custom format, because both --format and --quiet are set.\n';

/** Newest first: those that match, and of them the last few where so many are asked for. */
async function wanted(flags: Flags, context: Context): Promise<ContainerView[]> {
  const { last = -1, filter = [] } = flags;
  const limit = last < 0 && flags.latest ? 1 : last;
  const { matches, all } = filter.length > 0 ? await filters(filter, context) : UNFILTERED;
  const everyState = flags.all || limit > 0 || all;
  return createEngine(context)
    .list((error) => context.err(`tinyrun: ${error.message}\n`))
    .filter((view) => everyState || isRunning(view) || view.status === 'restarting')
    .filter(matches)
    .slice(0, limit > 0 ? limit : undefined);
}

const UNFILTERED = { matches: () => true, all: false };

async function filters(given: readonly string[], context: Context) {
  const { asksForAll, containerFilter } = await import('../../views/container-filter.ts');
  const { familyOf } = await import('../../image/family.ts');
  const matches = containerFilter(given, {
    container: (text) => createEngine(context).find(text),
    family: (text) => familyOf(new ImageStore(context.dataRoot), text),
  });
  return { matches, all: asksForAll(given) };
}
