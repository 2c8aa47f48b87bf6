import { tellImage } from '../../engine/image-events.ts';
import { TinyrunError } from '../../errors.ts';
import { ImageStore } from '../../image/store.ts';
import type { Command, Context } from '../command.ts';
import { writeOutput } from '../output/file.ts';

interface Flags {
  readonly output?: string;
}

export const command: Command = {
  usage: '[options] IMAGE [IMAGE...]',
  examples: ['tinyrun save -o alpine.tar alpine', 'tinyrun save alpine busybox | gzip > images.tgz'],
  define(program, context) {
    program
      .argument('<image...>')
      .option('-o, --output <FILE>', 'a file instead of standard output')
      .action((images: string[], flags: Flags) => save(images, flags, context));
  },
};

async function save(names: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { saveArchive } = await import('../../image/archive.ts');
  const store = new ImageStore(context.dataRoot);
  const byId = new Map<string, { entry: ReturnType<typeof find>['entry']; names: string[] }>();
  for (const text of names) {
    const { entry, asked } = find(store, text);
    const saved = byId.get(entry.digest) ?? { entry, names: [] };
    saved.names.push(...asked.filter((name) => !saved.names.includes(name)));
    byId.set(entry.digest, saved);
  }
  await writeOutput(saveArchive(store, [...byId.values()]), flags.output, 'save');
  for (const { entry } of byId.values()) tellImage(context, 'save', entry);
}

/** By name: that name. By repository without a tag Docker takes all its tags; by id none. */
function find(store: ImageStore, text: string) {
  const entry = store.find(text);
  if (!entry) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${text}`);
  const byId = /^(?:sha256:)?[0-9a-f]{1,64}$/.test(text) && entry.id.includes(text.replace('sha256:', ''));
  return { entry, asked: entry.name !== undefined && !byId ? [entry.name] : [] };
}
