import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { forEach } from '../each.ts';

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: ['tinyrun rm web', 'tinyrun rm -f web db', 'tinyrun rm $(tinyrun ps -aq)'],
  define(program, context) {
    program
      .argument('<container...>')
      .option('-f, --force', 'kill running ones first; one that is not there is no failure')
      .option('-v, --volumes', 'its anonymous volumes, too')
      .action(
        (
          containers: string[],
          { force = false, volumes = false }: { force?: boolean; volumes?: boolean },
        ) => {
          const engine = createEngine(context);
          const forgive = force ? 'CONTAINER_NOT_FOUND' : undefined;
          return forEach(containers, context, (name) => engine.remove(name, { force, volumes }), forgive);
        },
      );
  },
};
