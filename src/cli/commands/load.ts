import { isatty } from 'node:tty';
import { TinyrunError } from '../../errors.ts';
import type { Loaded } from '../../image/load.ts';
import type { Command, Context } from '../command.ts';
import { toFailure } from '../fail.ts';
import { openInput } from '../input.ts';

interface Flags {
  readonly input?: string;
  readonly quiet?: boolean;
  readonly platform?: string;
}

export const command: Command = {
  name: 'load',
  summary: 'read images from an archive of save or docker save',
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
  const images = await import('../../image/load.ts');
  const { ImageStore } = await import('../../image/store.ts');
  const { familiarReference, parseReference } = await import('../../image/reference.ts');
  const { hostPlatform, parsePlatform } = await import('../../image/platform.ts');
  const source = openInput(flags.input);
  const platform = flags.platform === undefined ? hostPlatform() : parsePlatform(flags.platform);
  const tell = (loaded: readonly Loaded[]) => {
    for (const { id, name } of loaded)
      context.out(
        name === undefined
          ? `Loaded image ID: ${id}\n`
          : `Loaded image: ${familiarReference(parseReference(name))}\n`,
      );
  };
  try {
    tell(await images.load(new ImageStore(context.dataRoot), source, platform));
  } catch (error) {
    if (!(error instanceof images.PartlyLoaded)) throw error;
    tell(error.loaded);
    throw afterSome(error.loaded.length, error.cause);
  }
}

/** The hint of the cause says that nothing was stored: of this image that holds, of the archive it does not. */
function afterSome(count: number, cause: unknown): Error {
  const { code, message } = toFailure(cause);
  const images = count === 1 ? 'the image named above is' : `the ${count} images named above are`;
  return new TinyrunError(code, message, { cause, hint: `${images} stored, the rest of the archive is not` });
}
