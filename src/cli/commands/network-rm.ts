import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  usage: '[options] NETWORK [NETWORK...]',
  examples: ['tinyrun network rm web', 'tinyrun network rm -f web back'],
  define(program, context) {
    program
      .argument('<network...>')
      .option('-f, --force', 'one that is not there is no failure')
      .action((names: string[], { force = false }: { force?: boolean }) => {
        const engine = createEngine(context);
        // Docker prints nothing of one that was not there
        return forEach(names, context, async (name) => (await engine.removeNetwork(name, { force })) && name);
      });
  },
};
