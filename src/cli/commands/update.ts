import type { Command as Program } from 'commander';
import type { UpdateConfig } from '../../engine/config/update.ts';
import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command, Context } from '../command.ts';
import { forEach } from '../each.ts';
import { type FieldNames, type FlagGroup, HOST } from '../flags/group.ts';
import { healthFlags } from '../flags/health.ts';
import { limitFlags } from '../flags/limits.ts';
import { logFlags } from '../flags/logging.ts';
import { restartFlags } from '../flags/restart.ts';
import { changeFlags } from '../flags/update.ts';
import { type Given, inFlags } from '../flags/word.ts';

const GROUPS: readonly FlagGroup<Given>[] = [limitFlags, changeFlags, restartFlags, healthFlags, logFlags];

export const command: Command = {
  usage: '[options] CONTAINER [CONTAINER...]',
  examples: [
    'tinyrun update --memory 512m --memory-swap 1g web',
    'tinyrun update --cpus 1.5 --pids-limit 200 web db',
    'tinyrun update --env DEBUG=1 --stop-timeout 30 web',
    'tinyrun update -p 8080:80 --publish-rm 9090:90 web',
    "tinyrun update --health-cmd 'wget -q localhost' --health-interval 10s web",
  ],
  define(program: Program, context: Context) {
    program.argument('<container...>');
    for (const group of GROUPS) group.define(program);
    program.action((containers: string[], flags: Given) => update(containers, flags, context));
  },
};

async function update(containers: readonly string[], flags: Given, context: Context): Promise<void> {
  // commander's of a --no-healthcheck that is not given
  const { healthcheck, ...given } = flags;
  if (Object.keys(given).length === 0 && healthcheck !== false)
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
