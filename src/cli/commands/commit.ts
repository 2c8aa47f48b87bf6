import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { interruptible } from '../interrupt.ts';
import { collect } from '../options.ts';

interface Flags {
  readonly author?: string;
  readonly change?: readonly string[];
  readonly message?: string;
  readonly pause: boolean;
}

export const command: Command = {
  usage: '[options] CONTAINER [NAME[:TAG]]',
  examples: [
    'tinyrun commit web web:patched',
    'tinyrun commit -c \'CMD ["nginx"]\' -c "ENV DEBUG=1" web web:debug',
  ],
  define(program, context) {
    program
      .argument('<container>')
      .argument('[name]')
      .option('-a, --author <TEXT>', 'who made it')
      .option(
        '-c, --change <INSTRUCTION>',
        'a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, …',
        collect,
      )
      .option('-m, --message <TEXT>', 'the comment in the image’s history')
      .option('-p, --pause', 'its processes stand still meanwhile', true)
      .option('--no-pause', 'let them go on, as --pause=false does')
      .action(async (container: string, name: string | undefined, flags: Flags) => {
        const { change: changes, ...rest } = flags;
        const id = await interruptible((signal) =>
          createEngine(context).commit(container, { ...rest, name, changes, signal }),
        );
        context.out(`${id}\n`);
      });
  },
};
