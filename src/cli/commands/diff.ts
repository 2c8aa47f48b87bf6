import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'CONTAINER',
  examples: ['tinyrun diff web'],
  define(program, context) {
    program.argument('<container>').action(async (container: string) => {
      const changes = await createEngine(context).diff(container);
      context.out(changes.map(({ kind, path }) => `${kind} ${path}\n`).join(''));
    });
  },
};
