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
  examples: [
    'tinyrun volume create',
    'tinyrun volume create --label team=web data',
    'tinyrun volume create -o type=tmpfs -o device=tmpfs -o o=size=64m scratch',
    'tinyrun volume create -o type=none -o o=bind -o device=/srv/data data',
    'tinyrun volume create -o type=nfs -o o=addr=192.0.2.7 -o device=:/export net',
  ],
  define(program, context) {
    program
      .argument('[volume]')
      .option('-d, --driver <NAME>', 'local is the one there is')
      .option('--label <KEY=VALUE>', 'a label', collect)
      .option('--name <NAME>', 'its name, in place of the argument')
      .option('-o, --opt <KEY=VALUE>', 'type, device or o, as mount(8) has them', collect)
      .action(async (given: string | undefined, { driver, label, name, opt }: Flags) => {
        if (given !== undefined && name !== undefined)
          throw new TinyrunError(
            'USAGE',
            'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
          );
        const labels = label && parsePairs(label, '--label');
        const options = opt && parsePairs(opt, '--opt');
        const made = await createEngine(context).createVolume({
          name: given ?? name,
          driver,
          labels,
          options,
        });
        context.out(`${made}\n`);
      });
  },
};
