import type { Command as Program } from 'commander';
import type { UpdateConfig } from '../../engine/config/update.ts';
import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { forEach } from '../each.ts';
import { type FieldNames, type FlagGroup, HOST } from '../flags/group.ts';
import { limitFlags } from '../flags/limits.ts';
import { logFlags } from '../flags/logging.ts';
import { restartFlags } from '../flags/restart.ts';
import { changeFlags } from '../flags/update.ts';
import { type Given, inFlags } from '../flags/word.ts';

const GROUPS: readonly FlagGroup<Given>[] = [limitFlags, changeFlags, restartFlags, logFlags];

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: [
    'tinyrun update --memory 512m --memory-swap 1g web',
    'tinyrun update --cpus 1.5 --pids-limit 200 web db',
    'tinyrun update --env DEBUG=1 --stop-timeout 30 web',
  ],
  define(program: Program, context: Context) {
    program.argument('<container...>');
    for (const group of GROUPS) group.define(program);
    program.action((containers: string[], flags: Given) => update(containers, flags, context));
  },
};

async function update(containers: readonly string[], flags: Given, context: Context): Promise<void> {
  if (Object.keys(flags).length === 0)
    throw new TinyrunError('USAGE', 'you must provide one or more flags when using this command');
  const asked: UpdateConfig = Object.assign({}, ...GROUPS.map((group) => group.read(flags, HOST)));
  const names: FieldNames = Object.assign({}, ...GROUPS.map((group) => group.names));
  const engine = createEngine(context);
  await forEach(containers, context, async (name) => {
    try {
      await engine.update(name, asked, (warning) => context.err(`WARNING: ${warning}\n`));
    } catch (error) {
      throw inFlags(error, names, flags, asked);
    }
  });
}
