import { TinyrunError } from '../../errors.ts';
import { LayerStore } from '../../image/layers.ts';
import type { ImageStore } from '../../image/store.ts';
import type { ImageDefaults } from '../../image/types.ts';
import { views } from '../../image/view.ts';
import { toJson } from '../../store/text.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';

interface Flags {
  readonly format?: string;
}

export const command: Command = {
  name: 'inspect',
  summary: 'show all that is known of images, as JSON',
  usage: '[options] IMAGE [IMAGE...]',
  examples: ['tinyrun image inspect alpine', "tinyrun image inspect -f '{{json .Config.Env}}' alpine"],
  define(program, context) {
    program
      .argument('<image...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .action((images: string[], flags: Flags) => inspect(images, flags, context));
  },
};

/** What was found is printed; what was not makes the exit code 1. */
async function inspect(images: readonly string[], flags: Flags, context: Context): Promise<void> {
  const print = await inspectPrinter(flags.format);
  const { ImageStore } = await import('../../image/store.ts');
  const store = new ImageStore(context.dataRoot);
  const found: object[] = [];
  for (const name of images) {
    try {
      found.push(describeImage(store, name));
    } catch (error) {
      context.err(formatFailure(toFailure(error), context.command));
      context.exitCode = 1;
    }
  }
  context.out(print(found));
}

/** As docker inspect prints: a list, or a line per object; a template that does not parse is refused before any is looked for. */
export async function inspectPrinter(
  format: string | undefined,
): Promise<(found: readonly object[]) => string> {
  if (!format) return (found) => `${toJson(found, 4)}\n`;
  if (format === 'json') return (found) => `${toJson(found)}\n`;
  const { compileTemplate } = await import('../output/template.ts');
  const template = compileTemplate(format);
  // docker ends a line where it has none, too
  return (found) => found.map((one) => `${template(one)}\n`).join('') || '\n';
}

/** Docker's names for what we have of it. */
export function describeImage(store: ImageStore, name: string): object {
  const image = store.resolve(name);
  const view = image && views(store.list()).find(({ id }) => id === image.id);
  if (!image || !view) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${name}`);
  const { config } = image;
  const layers = new LayerStore(store.dataRoot);
  const lowers = layers.lowers(config.rootfs.diff_ids)?.lowers ?? [];
  return {
    Id: image.id,
    RepoTags: view.tags,
    RepoDigests: view.digests,
    Parent: '',
    Comment: config.history?.at(-1)?.comment ?? '',
    Created: config.created ?? '',
    DockerVersion: config.docker_version ?? '',
    Author: config.author ?? '',
    Config: containerConfig(config.config ?? {}),
    Architecture: config.architecture,
    Variant: config.variant ?? '',
    Os: config.os,
    Size: view.entry.size,
    GraphDriver: { Data: { LowerDir: lowers.join(':') }, Name: 'overlay2' },
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: view.entry.stored },
    Descriptor: { mediaType: view.entry.mediaType, digest: image.digest, size: view.entry.manifestSize },
  };
}

/** Members Docker always shows, then whatever else the image has. */
function containerConfig(config: ImageDefaults): object {
  const always = {
    User: '',
    Env: null,
    Cmd: null,
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
  };
  return { ...always, ...config };
}
