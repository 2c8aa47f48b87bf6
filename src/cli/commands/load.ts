import { isatty } from 'node:tty';
import { loadImages } from '../../engine/images.ts';
import { TinyrunError } from '../../errors.ts';
import type { StoredImage } from '../../image/entry.ts';
import { hostPlatform, parsePlatform } from '../../image/platform.ts';
import { familiarReference, parseReference } from '../../image/reference.ts';
import type { Command, Context } from '../command.ts';
import { openInput } from '../input.ts';
import { afterSome } from '../partly.ts';

interface Flags {
  readonly input?: string;
  readonly quiet?: boolean;
  readonly platform?: string;
}

export const command: Command = {
  usage: '[options]',
  examples: ['tinyrun load -i alpine.tar', 'docker save alpine | tinyrun load'],
  define(program, context) {
    program
      .option('-i, --input <FILE>', 'a file instead of standard input')
      .option('-q, --quiet', 'accepted for Docker’s sake')
      .option('--platform <OS/ARCH[/VARIANT]>', 'which image of an index')
      .action((flags: Flags) => load(flags, context));
  },
};

async function load(flags: Flags, context: Context): Promise<void> {
  if (flags.input === undefined && isatty(0))
    throw new TinyrunError('USAGE', 'load reads an archive from standard input', {
      hint: 'use -i FILE, or redirect standard input',
    });
  const { PartlyLoaded } = await import('../../image/load.ts');
  const source = openInput(flags.input);
  const platform = flags.platform === undefined ? hostPlatform() : parsePlatform(flags.platform);
  const called = ({ id, name }: StoredImage) =>
    name === undefined ? id : familiarReference(parseReference(name));
  const tell = (loaded: readonly StoredImage[]) => {
    for (const image of loaded) {
      context.out(`Loaded image${image.name === undefined ? ' ID' : ''}: ${called(image)}\n`);
    }
  };
  try {
    tell(await loadImages(context, source, { platform }));
  } catch (error) {
    if (!(error instanceof PartlyLoaded)) throw error;
    tell(error.loaded);
    throw afterSome(error.loaded.map(called), 'loaded', error.cause);
  }
}
