import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEachAtOnce } from '../each.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  examples: ['tinyrun wait web', 'tinyrun wait web db'],
  define(program, context) {
    program.argument('<container...>').action((containers: string[]) => {
      const engine = createEngine(context);
      return forEachAtOnce(containers, context, (name) => engine.wait(name));
    });
  },
};
