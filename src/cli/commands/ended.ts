import { runningPid } from '../../engine/engine.ts';
import { restartEnded } from '../../engine/start.ts';
import type { Command } from '../command.ts';
import { wholeNumber } from '../options.ts';

interface Flags {
  readonly lock: number;
}

export const command: Command = {
  usage: '--lock FD CONTAINER',
  examples: ['tinyrun _ended --lock 3 4abcf2066143'],
  define(program, context) {
    program
      .argument('<container>')
      .requiredOption('--lock <FD>', 'of its run directory, as its monitor had it', wholeNumber)
      .action((id: string, { lock }: Flags) =>
        restartEnded(context, id, lock, (container, field) => runningPid(context, container, field)),
      );
  },
};
