import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { attachedStreams, type CreateFlags, createOptions } from '../flags/container.ts';
import { defineConfig, withConfig } from '../flags/index.ts';
import type { Given } from '../flags/word.ts';

export const command: Command = {
  usage: '[options] IMAGE [COMMAND] [ARG...]',
  passThrough: true,
  examples: [
    'tinyrun create --name web busybox httpd -f',
    'tinyrun start $(tinyrun create busybox true)',
    'tinyrun create --name box -it busybox',
  ],
  define(program, context) {
    // -h is the host name here, as it is Docker's
    program
      .helpOption('--help', 'print this help')
      .argument('<image>')
      .argument('[command...]')
      .action((image: string, args: string[], flags: Given & CreateFlags) =>
        withConfig(image, args, flags, async (config) => {
          // of who starts it: checked as run does
          attachedStreams(flags);
          const notify = (line: string) => context.err(`${line}\n`);
          const id = await createEngine(context).create(config, { ...createOptions(flags), notify });
          context.out(`${id}\n`);
        }),
      );
    defineConfig(program);
  },
};
