import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  name: 'rm',
  summary: 'remove containers',
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun rm web', 'tinyrun rm -f web db', 'tinyrun rm $(tinyrun ps -aq)'],
  define(program, context) {
    program
      .argument('<container...>')
      .option('-f, --force', 'kill running ones first')
      .action((containers: string[], flags: { force?: boolean }) => {
        const engine = createEngine(context);
        return forEach(containers, context, (name) => engine.remove(name, { force: flags.force === true }));
      });
  },
};
