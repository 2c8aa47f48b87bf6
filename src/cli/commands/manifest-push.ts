import type { Command } from '../command.ts';

export const command: Command = {
  usage: '[options] MANIFEST_LIST',
  examples: ['tinyrun manifest push --purge host/app:1'],
  define(program, context) {
    program
      .argument('<list>')
      .option('-p, --purge', 'remove the local list afterwards')
      .option('--insecure', 'accepted for Docker’s sake')
      .action(async (name: string, flags: { purge?: boolean }) => {
        const { ListStore, pushList } = await import('../../image/lists.ts');
        const store = new ListStore(context.dataRoot);
        context.out(`${await pushList(store.get(name))}\n`);
        if (flags.purge) store.remove(name);
      });
  },
};
