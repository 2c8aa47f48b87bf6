import { saveImages } from '../../engine/images.ts';
import type { Command } from '../command.ts';
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
      .action((images: string[], flags: Flags) =>
        writeOutput(saveImages(context, images), flags.output, 'save'),
      );
  },
};
