import { isTinyrunError, TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { describeContainerOf, describeImageOf } from '../describe.ts';
import { printObjects } from '../output/objects.ts';

interface Flags {
  readonly format?: string;
  readonly type?: string;
  readonly size?: boolean;
}

export const command: Command = {
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
      .option('--type <KIND>', 'container or image')
      .action((names: string[], flags: Flags) => {
        checkKind(flags.type);
        printObjects(names, flags.format, context, (name) => describe(name, flags, context));
      });
  },
};

/** As Docker: a word that is none is refused as an argument, not as a flag. */
function checkKind(type = 'image'): void {
  if (type === 'container' || type === 'image') return;
  throw new TinyrunError('ARGUMENTS', `unknown type: ${JSON.stringify(type)}: must be container or image`);
}

/** A container where there is one of that name, else an image. */
function describe(name: string, { type, size = false }: Flags, context: Context): object {
  try {
    if (type !== 'image') return describeContainerOf(context, name, size);
  } catch (error) {
    const missing = isTinyrunError(error, 'CONTAINER_NOT_FOUND');
    if (!missing || type === 'container') throw error;
  }
  try {
    return describeImageOf(context.dataRoot, name);
  } catch (error) {
    // what is no image name may still have been meant as a container's
    if (type === 'image' || !(error instanceof TinyrunError)) throw error;
    throw new TinyrunError('CONTAINER_NOT_FOUND', `no such object: ${name}`, {
      hint: 'tinyrun ps -a lists the containers, tinyrun images the images',
    });
  }
}
