import type { Command } from '../command.ts';
import { describeContainerOf } from '../describe.ts';
import { printObjects } from '../output/objects.ts';

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun container inspect web', "tinyrun container inspect -f '{{.State.Status}}' web"],
  define(program, context) {
    program
      .argument('<container...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .option('-s, --size', 'what each has written, and with its image')
      .action((names: string[], { format, size = false }: { format?: string; size?: boolean }) =>
        printObjects(names, format, context, (name) => describeContainerOf(context, name, size)),
      );
  },
};
