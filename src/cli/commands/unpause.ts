import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  examples: ['tinyrun unpause web', 'tinyrun unpause web db'],
  define(program, context) {
    program.argument('<container...>').action((containers: string[]) => {
      const engine = createEngine(context);
      return forEach(containers, context, (name) => engine.unpause(name));
    });
  },
};
