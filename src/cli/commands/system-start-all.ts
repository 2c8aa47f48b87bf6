import { createEngine } from '../../engine/engine.ts';
import type { Command } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';

export const command: Command = {
  usage: '',
  examples: ['tinyrun system start-all'],
  define(program, context) {
    program.action(async () => {
      const { started, failed } = await createEngine(context).startAll();
      context.out(started.map((name) => `${name}\n`).join(''));
      for (const { error } of failed) {
        context.err(formatFailure(toFailure(error), context.command));
        context.exitCode = 1;
      }
    });
  },
};
