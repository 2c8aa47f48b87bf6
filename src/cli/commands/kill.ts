import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun kill web', 'tinyrun kill -s HUP web', 'tinyrun kill --signal 15 web db'],
  define(program, context) {
    program
      .argument('<container...>')
      .option('-s, --signal <SIGNAL>', 'name or number', 'KILL')
      .action((containers: string[], flags: { signal: string }) => {
        const engine = createEngine(context);
        return forEach(containers, context, (name) => engine.kill(name, flags.signal));
      });
  },
};
