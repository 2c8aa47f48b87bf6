import { toJson } from '../../store/text.ts';
import type { Command, Context } from '../command.ts';

interface Flags {
  readonly verbose?: boolean;
}

export const command: Command = {
  usage: '[options] [MANIFEST_LIST] MANIFEST',
  examples: ['tinyrun manifest inspect alpine', 'tinyrun manifest inspect --verbose alpine'],
  define(program, context) {
    program
      .argument('<name>')
      .argument('[manifest]')
      .option('-v, --verbose', 'each manifest with its descriptor')
      .option('--insecure', 'accepted for Docker’s sake: registries.json says which registries are')
      .action((name: string, member: string | undefined, flags: Flags) => show(name, member, flags, context));
  },
};

async function show(name: string, member: string | undefined, flags: Flags, context: Context): Promise<void> {
  const { ListStore, toIndex } = await import('../../image/lists.ts');
  const list = new ListStore(context.dataRoot).find(name);
  if (list && member === undefined && !flags.verbose) return print(toIndex(list), context);
  const { inspectManifest } = await import('../../image/manifest-inspect.ts');
  print(await inspectManifest(member ?? name, flags.verbose ?? false), context);
}

const print = (value: unknown, context: Context): void => context.out(`${toJson(value, '\t')}\n`);
