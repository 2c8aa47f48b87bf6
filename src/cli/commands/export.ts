import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';

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
      .action((container: string, flags: Flags) => exportContainer(container, flags, context));
  },
};

/** A running container changes while it is read, and its upper directory is mounted already: it must have ended. */
async function exportContainer(name: string, flags: Flags, context: Context): Promise<void> {
  const { record, status } = createEngine(context).find(name);
  if (status === 'running' || status === 'paused')
    throw new TinyrunError('CONTAINER_RUNNING', `container ${name} is ${status}: it cannot be exported`);
  const { containerPaths } = await import('../../engine/layout.ts');
  const { exportTree } = await import('../../image/export.ts');
  const { writeOutput } = await import('../output/file.ts');
  const { upper } = containerPaths(context, record.id);
  await writeOutput(exportTree([upper, ...record.image.layers]), flags.output, 'export');
}
