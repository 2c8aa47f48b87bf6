import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  usage: '[options] VOLUME [VOLUME...]',
  examples: ['tinyrun volume rm data'],
  define(program, context) {
    program
      .argument('<volume...>')
      .option('-f, --force', 'one that is not there is no failure')
      .action((names: string[], { force = false }: { force?: boolean }) => {
        const engine = createEngine(context);
        return forEach(names, context, (name) => engine.removeVolume(name, { force }));
      });
  },
};
