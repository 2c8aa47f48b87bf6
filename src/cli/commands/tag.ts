import { tagImage } from '../../engine/images.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  examples: ['tinyrun tag alpine localhost:5000/team/alpine:3.20'],
  define(program, context) {
    program
      .argument('<source>')
      .argument('<target>')
      .action((source: string, target: string) => tagImage(context, source, target));
  },
};
