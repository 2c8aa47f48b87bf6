import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: '[options] NETWORK CONTAINER',
  examples: ['tinyrun network disconnect web app'],
  define(program, context) {
    program
      .argument('<network>')
      .argument('<container>')
      .option('-f, --force', 'whatever its record says of it')
      .action((network: string, container: string, { force = false }: { force?: boolean }) =>
        createEngine(context).disconnect(network, container, { force }),
      );
  },
};
