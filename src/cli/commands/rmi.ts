import { tellRemoved } from '../../engine/events/images.ts';
import { imageUsers } from '../../engine/image-users.ts';
import { sweep } from '../../image/gc.ts';
import { removeImage } from '../../image/remove.ts';
import { ImageStore } from '../../image/store.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';

interface Flags {
  readonly force?: boolean;
  readonly prune?: boolean;
}

export const command: Command = {
  usage: '[options] IMAGE [IMAGE...]',
  examples: ['tinyrun rmi alpine', 'tinyrun rmi -f 4abcf2066143'],
  define(program, context) {
    program
      .argument('<image...>')
      .option('-f, --force', 'also where several names or stopped containers use it')
      .option('--no-prune', 'accepted for Docker’s sake')
      .action((images: string[], flags: Flags) => remove(images, flags, context));
  },
};

/** Each is tried; one that fails makes the exit code 1, unless with --force it was not there anyway. */
async function remove(images: readonly string[], flags: Flags, context: Context): Promise<void> {
  const store = new ImageStore(context.dataRoot);
  for (const image of images) {
    try {
      const { users, inUse } = imageUsers(context);
      const before = store.list();
      const removed = await removeImage(store, image, { force: flags.force ?? false, users });
      const { untagged, deleted } = removed;
      tellRemoved(context, before, removed);
      context.out(untagged.map((name) => `Untagged: ${name}\n`).join(''));
      context.out(deleted.map((id) => `Deleted: ${id}\n`).join(''));
      sweep(store, inUse);
    } catch (error) {
      const failure = toFailure(error);
      context.err(formatFailure(failure, context.command));
      if (!flags.force || failure.code !== 'IMAGE_NOT_FOUND') context.exitCode = 1;
    }
  }
}
