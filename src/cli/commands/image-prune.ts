import { tellRemoved } from '../../engine/image-events.ts';
import { imageUsers } from '../../engine/image-users.ts';
import { tellPrune } from '../../engine/tell.ts';
import { sweep } from '../../image/gc.ts';
import { pruneImages } from '../../image/prune.ts';
import { ImageStore } from '../../image/store.ts';
import { humanSize } from '../../views/units.ts';
import type { Command, Context } from '../command.ts';
import { collect } from '../options.ts';
import { confirm } from '../output/ask.ts';

interface Flags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter?: readonly string[];
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun image prune', 'tinyrun image prune -a --filter until=24h'],
  define(program, context) {
    program
      .option('-a, --all', 'all that no container uses, not only those without a name')
      .option('-f, --force', 'do not ask')
      .option('--filter <KEY=VALUE>', 'until, label, label!', collect)
      .action((flags: Flags) => prune(flags, context));
  },
};

const WARNING = {
  all: 'WARNING! This will remove all images without at least one container associated to them.',
  dangling: 'WARNING! This will remove all dangling images.',
};

async function prune(flags: Flags, context: Context): Promise<void> {
  const warning = flags.all ? WARNING.all : WARNING.dangling;
  if (!flags.force && !(await confirm(`${warning}\nAre you sure you want to continue? [y/N] `, context)))
    return;
  const store = new ImageStore(context.dataRoot);
  const { users, inUse } = imageUsers(context);
  const before = store.list();
  const removed = await pruneImages(store, {
    all: flags.all ?? false,
    filters: flags.filter,
    users,
  });
  const { untagged, deleted } = removed;
  tellRemoved(context, before, removed);
  if (deleted.length > 0) context.out('Deleted Images:\n');
  context.out(untagged.map((name) => `untagged: ${name}\n`).join(''));
  context.out(deleted.map((id) => `deleted: ${id}\n`).join(''));
  const freed = sweep(store, inUse, true) ?? 0;
  tellPrune(context, 'image', freed);
  context.out(`${deleted.length > 0 ? '\n' : ''}Total reclaimed space: ${humanSize(freed, 4)}\n`);
}
