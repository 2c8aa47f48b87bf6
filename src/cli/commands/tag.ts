import { tellImage } from '../../engine/image-events.ts';
import { TinyrunError } from '../../errors.ts';
import { tagName } from '../../image/reference.ts';
import { ImageStore } from '../../image/store.ts';
import type { Command, Context } from '../command.ts';

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  examples: ['tinyrun tag alpine localhost:5000/team/alpine:3.20'],
  define(program, context) {
    program
      .argument('<source>')
      .argument('<target>')
      .action((source: string, target: string) => tag(source, target, context));
  },
};

async function tag(source: string, target: string, context: Context): Promise<void> {
  const store = new ImageStore(context.dataRoot);
  const entry = store.find(source);
  if (!entry) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${source}`);
  await store.tag(entry, target);
  tellImage(context, 'tag', { ...entry, name: tagName(target) });
}
