import { createEngine } from '../../engine/engine.ts';
import { columns, visible } from '../../store/text.ts';
import type { Command } from '../command.ts';

export const command: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  passThrough: true,
  examples: ['tinyrun top web', 'tinyrun top web aux', 'tinyrun top web -o pid,rss,args'],
  define(program, context) {
    program
      .argument('<container>')
      .argument('[options...]')
      .action(async (container: string, options: string[]) => {
        const { titles, processes } = await createEngine(context).top(container, options);
        const rows = [titles, ...processes].map((row) => row.map(visible));
        context.out(
          columns(rows, NARROWEST)
            .map((line) => `${line}\n`)
            .join(''),
        );
      });
  },
};

/** Docker's, wider than in its other tables. */
const NARROWEST = 20;
