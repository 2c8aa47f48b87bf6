import { ConfigError } from '../../engine/config/error.ts';
import { createEngine } from '../../engine/engine.ts';
import type { Command, Context } from '../command.ts';

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  examples: ['tinyrun rename web web-old'],
  define(program, context) {
    program
      .argument('<container>')
      .argument('<new-name>')
      .action((container: string, name: string) => rename(container, name, context));
  },
};

async function rename(container: string, name: string, context: Context): Promise<void> {
  try {
    await createEngine(context).rename(container, name);
  } catch (error) {
    throw error instanceof ConfigError ? error.worded(JSON.stringify(name), (field) => field) : error;
  }
}
