import { findVolume } from '../../engine/volumes/volumes.ts';
import { describeVolume } from '../../views/volumes.ts';
import type { Command } from '../command.ts';
import { printObjects } from '../output/objects.ts';

export const command: Command = {
  usage: '[options] VOLUME [VOLUME...]',
  examples: ['tinyrun volume inspect data', "tinyrun volume inspect -f '{{.Mountpoint}}' data"],
  define(program, context) {
    program
      .argument('<volume...>')
      .option('-f, --format <FORMAT>', 'json, or a Go template')
      .action((names: string[], { format }: { format?: string }) =>
        printObjects(names, format, context, (name) => describeVolume(findVolume(context, name))),
      );
  },
};
