import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';
import { defineStop, type StopFlags, stopOptions } from '../flags/stop.ts';

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun restart web', 'tinyrun restart -t 2 web db'],
  define(program, context) {
    defineStop(program.argument('<container...>'));
    program.action((containers: string[], flags: StopFlags) => {
      const engine = createEngine(context);
      const options = stopOptions(flags);
      return forEach(containers, context, (name) => engine.restart(name, options));
    });
  },
};
