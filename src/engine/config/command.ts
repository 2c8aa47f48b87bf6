import { TinyrunError } from '../../errors.ts';
import type { ImageDefaults } from '../../image/types.ts';
import type { ContainerConfig } from './types.ts';

/**
 * argv of the container, merged as Docker does: an entrypoint replaces the image's and drops its Cmd, an empty one resets
 * both; arguments replace Cmd.
 */
export function commandOf(config: ContainerConfig, image: ImageDefaults): string[] {
  const { entrypoint, args = [] } = config;
  const own = image.Entrypoint ?? [];
  // `ENTRYPOINT [""]` is how an image resets that of its base
  const inherited = own.length === 1 && own[0] === '' ? [] : own;
  const cmd = args.length > 0 || entrypoint ? args : (image.Cmd ?? []);
  const argv = [...(entrypoint ?? inherited), ...cmd];
  if (argv.length > 0) return argv;
  throw new TinyrunError('USAGE', `no command given and image ${config.image} names none`, {
    hint: 'write the command after the image: tinyrun run IMAGE COMMAND',
  });
}

/** The two that argv was made of: it begins with the entrypoint, and Cmd is the rest. */
export function splitCommand(
  { entrypoint: own }: ContainerConfig,
  argv: readonly string[],
  image: ImageDefaults,
): { readonly entrypoint: readonly string[]; readonly cmd: readonly string[] } {
  const wanted = own ?? image.Entrypoint ?? [];
  const entrypoint = wanted.every((word, index) => word === argv[index]) ? wanted : [];
  return { entrypoint, cmd: argv.slice(entrypoint.length) };
}
