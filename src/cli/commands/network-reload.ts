import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: '',
  examples: ['tinyrun network reload', 'tinyrun network reload --explain'],
  define(program, context) {
    program.action(async () => {
      const networks = await createEngine(context).reloadNetworks();
      for (const { name } of networks) context.out(`${name}\n`);
    });
  },
};
