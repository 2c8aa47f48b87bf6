import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import { parseFilters } from '../../image/filter.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import {
  containersPruned,
  imagesPruned,
  isSure,
  networksPruned,
  printPruned,
  volumesPruned,
} from '../output/prune.ts';

interface Flags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly volumes?: boolean;
  readonly filter?: readonly string[];
}

export const command: Command = {
  usage: '[options]',
  examples: [
    'tinyrun system prune',
    'tinyrun system prune -af --volumes',
    'tinyrun system prune --filter until=24h',
  ],
  define(program, context) {
    program
      .option('-a, --all', 'all images that no container uses, not only those without a name')
      .option('-f, --force', 'do not ask')
      .option('--volumes', 'volumes without a name that no container has, too')
      .option('--filter <KEY=VALUE>', 'until, label, label!', collect)
      .action((flags: Flags) => prune(flags, context));
  },
};

async function prune(flags: Flags, context: Context): Promise<void> {
  const { all = false, force, volumes = false, filter: given = [] } = flags;
  const filters = parseFilters(given, ['until', 'label', 'label!']);
  if (volumes && filters.has('until'))
    throw new TinyrunError('USAGE', 'ERROR: The "until" filter is not supported with "--volumes"');
  if (!(await isSure(force, warningOf(flags), context))) return;
  const engine = createEngine(context);
  const labels = given.filter((text) => text.startsWith('label'));
  const prunings = [containersPruned(await engine.prune(given))];
  prunings.push(networksPruned(await engine.pruneNetworks(given)));
  if (volumes) prunings.push(volumesPruned(await engine.pruneVolumes({ filters: labels })));
  prunings.push(imagesPruned(await engine.pruneImages({ all, filters: given })));
  printPruned(prunings, context);
}

/** Docker's, without build caches, which there are not. */
function warningOf({ all, volumes, filter = [] }: Flags): string {
  const what = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
  ];
  const list = (items: readonly string[]) => items.map((item) => `  - ${item}\n`).join('');
  const filters = [...filter].sort();
  const filtered =
    filters.length > 0 ? `\n  Items to be pruned will be filtered with:\n${list(filters)}` : '';
  return `WARNING! This will remove:\n${list(what)}${filtered}`;
}
