import type { Command } from '../command.ts';
import { addCommand } from '../program.ts';
import { command as df } from './system-df.ts';

export const command: Command = {
  name: 'system',
  summary: 'manage tinyrun itself',
  usage: 'COMMAND',
  examples: ['tinyrun system df', 'tinyrun system df -v'],
  define(program, context) {
    addCommand(program, df, context);
  },
};
