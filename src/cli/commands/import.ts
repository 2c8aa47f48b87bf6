import { tellImage } from '../../engine/events/images.ts';
import { TinyrunError } from '../../errors.ts';
import { hostPlatform, parsePlatform } from '../../image/platform.ts';
import { ImageStore } from '../../image/store.ts';
import type { Command, Context } from '../command.ts';
import { openInput } from '../input.ts';
import { collect } from '../options.ts';

interface Flags {
  readonly change?: readonly string[];
  readonly message?: string;
  readonly platform?: string;
}

export const command: Command = {
  usage: '[options] FILE|- [NAME[:TAG]]',
  examples: [
    'tinyrun import rootfs.tar.gz debian:mine',
    'tar -C rootfs -c . | tinyrun import -c \'CMD ["sh"]\' - mine',
  ],
  define(program, context) {
    program
      .argument('<file>')
      .argument('[name]')
      .option(
        '-c, --change <INSTRUCTION>',
        'a Dockerfile instruction: CMD, ENTRYPOINT, ENV, EXPOSE, …',
        collect,
      )
      .option('-m, --message <TEXT>', 'the comment in the image’s history')
      .option('--platform <OS/ARCH[/VARIANT]>')
      .action((file: string, name: string | undefined, flags: Flags) =>
        importFile(file, name, flags, context),
      );
  },
};

async function importFile(
  file: string,
  name: string | undefined,
  flags: Flags,
  context: Context,
): Promise<void> {
  if (/^https?:\/\//.test(file))
    throw new TinyrunError('USAGE', 'URLs are not imported', {
      hint: `curl -L ${file} | tinyrun import - NAME`,
    });
  const { importArchive } = await import('../../image/import.ts');
  const source = openInput(file === '-' ? undefined : file);
  const image = await importArchive(new ImageStore(context.dataRoot), source, {
    name,
    changes: flags.change ?? [],
    message: flags.message ?? `Imported from ${file}`,
    platform: flags.platform === undefined ? hostPlatform() : parsePlatform(flags.platform),
  });
  tellImage(context, 'import', image);
  context.out(`${image.id}\n`);
}
