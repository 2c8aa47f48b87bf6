import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  examples: ['tinyrun manifest rm host/app:1'],
  define(program, context) {
    program.argument('<list...>').action(async (names: string[]) => {
      const { ListStore } = await import('../../image/lists.ts');
      for (const name of names) new ListStore(context.dataRoot).remove(name);
    });
  },
};
