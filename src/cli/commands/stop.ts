import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEachAtOnce } from '../each.ts';
import { defineStop, type StopFlags, stopOptions } from '../flags/stop.ts';

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun stop web', 'tinyrun stop -t 2 web db', 'tinyrun stop -s INT web'],
  define(program, context) {
    defineStop(program.argument('<container...>'));
    program.action((containers: string[], flags: StopFlags) => {
      const engine = createEngine(context);
      const options = stopOptions(flags);
      return forEachAtOnce(containers, context, (name) => engine.stop(name, options));
    });
  },
};
