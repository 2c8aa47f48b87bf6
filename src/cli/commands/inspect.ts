import { createEngine } from '../../engine/engine.ts';
import { containerPaths, rootfsPoint } from '../../engine/layout.ts';
import type { ContainerView } from '../../engine/record.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { oneOf } from '../options.ts';

interface Flags {
  readonly format?: string;
  readonly type?: string;
  readonly size?: boolean;
}

export const command: Command = {
  name: 'inspect',
  summary: 'show all that is known of containers and images, as JSON',
  usage: '[options] NAME|ID [NAME|ID...]',
  examples: [
    'tinyrun inspect web',
    "tinyrun inspect -f '{{.State.ExitCode}}' web",
    "tinyrun inspect -s -f '{{.SizeRw}} {{json .Mounts}}' web",
    'tinyrun inspect busybox',
  ],
  define(program, context) {
    program
      .argument('<name...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .option('-s, --size', 'what a container has written, and with its image')
      .option('--type <KIND>', 'container or image', oneOf('container', 'image'))
      .action((names: string[], flags: Flags) => inspect(names, flags, context));
  },
};

/** What was found is printed, as a list; what was not makes the exit code 1. */
async function inspect(names: readonly string[], flags: Flags, context: Context): Promise<void> {
  const { inspectPrinter } = await import('./image-inspect.ts');
  const print = await inspectPrinter(flags.format);
  const found: object[] = [];
  for (const name of names) {
    try {
      found.push(await describe(name, flags, context));
    } catch (error) {
      context.err(formatFailure(toFailure(error), context.command));
      context.exitCode = 1;
    }
  }
  context.out(print(found));
}

/** A container where there is one of that name, else an image. */
async function describe(name: string, flags: Flags, context: Context): Promise<object> {
  const { type } = flags;
  try {
    if (type !== 'image') return await describeFound(createEngine(context).find(name), flags, context);
  } catch (error) {
    const missing = error instanceof TinyrunError && error.code === 'CONTAINER_NOT_FOUND';
    if (!missing || type === 'container') throw error;
  }
  const { ImageStore } = await import('../../image/store.ts');
  const { describeImage } = await import('./image-inspect.ts');
  try {
    return describeImage(new ImageStore(context.dataRoot), name);
  } catch (error) {
    // what is no image name may still have been meant as a container's
    if (type === 'image' || !(error instanceof TinyrunError)) throw error;
    throw new TinyrunError('CONTAINER_NOT_FOUND', `no such object: ${name}`, {
      hint: 'tinyrun ps -a lists the containers, tinyrun images the images',
    });
  }
}

/** With what is known of it beside its record. */
async function describeFound(view: ContainerView, flags: Flags, context: Context): Promise<object> {
  const { describeContainer } = await import('../../views/inspect.ts');
  const { ImageStore } = await import('../../image/store.ts');
  const { id, image } = view.record;
  const images = new ImageStore(context.dataRoot);
  const entry = images.list().find((other) => other.id === image.id);
  return describeContainer(view, {
    paths: containerPaths(context, id),
    rootfs: rootfsPoint(context),
    image: entry && images.record(entry).config.config,
    sizes: flags.size ? (await import('../../engine/usage.ts')).sizesOf(context)(view) : undefined,
  });
}
