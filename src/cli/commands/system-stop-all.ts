import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';

export const command: Command = {
  usage: '',
  examples: ['tinyrun system stop-all'],
  define(program, context) {
    program.action(async () => {
      const { stopped, failed } = await createEngine(context).stopAll();
      context.out(stopped.map((name) => `${name}\n`).join(''));
      for (const { error } of failed) {
        context.err(formatFailure(toFailure(error), context.command));
        context.exitCode = 1;
      }
    });
  },
};
