import { createEngine } from '../../engine/engine.ts';
import { TinyrunError } from '../../errors.ts';
import type { Command } from '../command.ts';
import { parsePairs } from '../flags/parse/pairs.ts';
import { collect } from '../options.ts';

interface Flags {
  readonly driver?: string;
  readonly label?: readonly string[];
  readonly name?: string;
  readonly opt?: readonly string[];
}

export const command: Command = {
  usage: '[options] [VOLUME]',
  examples: ['tinyrun volume create', 'tinyrun volume create --label team=web data'],
  define(program, context) {
    program
      .argument('[volume]')
      .option('-d, --driver <NAME>', 'local is the one there is')
      .option('--label <KEY=VALUE>', 'a label', collect)
      .option('--name <NAME>', 'its name, in place of the argument')
      .option('-o, --opt <KEY=VALUE>', 'not there yet', collect)
      .action(async (given: string | undefined, { driver, label, name, opt }: Flags) => {
        if (opt !== undefined)
          throw new TinyrunError('FLAG', '--opt is not there yet', {
            hint: 'mount it on the host and bind it: -v /path:/target',
          });
        if (given !== undefined && name !== undefined)
          throw new TinyrunError(
            'USAGE',
            'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
          );
        const labels = label && parsePairs(label, '--label');
        const made = await createEngine(context).createVolume({ name: given ?? name, driver, labels });
        context.out(`${made}\n`);
      });
  },
};
