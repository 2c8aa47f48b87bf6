import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun start web', 'tinyrun start web db'],
  define(program, context) {
    program.argument('<container...>').action((containers: string[]) => {
      const engine = createEngine(context);
      return forEach(containers, context, (name) => engine.start(name));
    });
  },
};
