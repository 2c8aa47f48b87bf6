import { layersOf } from '../../engine/files/export.ts';
import { exportTree } from '../../image/export.ts';
import type { Command } from '../command.ts';
import { writeOutput } from '../output/file.ts';

interface Flags {
  readonly output?: string;
}

export const command: Command = {
  usage: '[options] CONTAINER',
  examples: ['tinyrun export -o web.tar web', 'tinyrun export web | tar -t'],
  define(program, context) {
    program
      .argument('<container>')
      .option('-o, --output <FILE>', 'a file instead of standard output')
      .action((container: string, { output }: Flags) =>
        writeOutput(exportTree(layersOf(context, container)), output, 'export'),
      );
  },
};
