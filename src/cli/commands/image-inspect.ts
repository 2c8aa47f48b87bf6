import type { Command } from '../command.ts';
import { describeImageOf } from '../describe.ts';
import { printObjects } from '../output/objects.ts';

export const command: Command = {
  usage: '[options] IMAGE [IMAGE...]',
  examples: ['tinyrun image inspect alpine', "tinyrun image inspect -f '{{json .Config.Env}}' alpine"],
  define(program, context) {
    program
      .argument('<image...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .action((names: string[], flags: { format?: string }) =>
        printObjects(names, flags.format, context, (name) => describeImageOf(context.dataRoot, name)),
      );
  },
};
