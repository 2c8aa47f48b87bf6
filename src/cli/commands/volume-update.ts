import { TinyrunError } from '../../errors.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: '[options] VOLUME',
  examples: [],
  define(program) {
    program
      .argument('<volume>')
      .option('--availability <WORD>', 'active, pause or drain')
      .action((volume: string) => {
        throw new TinyrunError(
          'UNSUPPORTED',
          `volume ${volume} cannot be updated: only volumes of a swarm (CSI) can, and there is none`,
          { hint: 'tinyrun volume create makes one with other options' },
        );
      });
  },
};
