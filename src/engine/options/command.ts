import { TinyrunError } from '../../errors.ts';
import type { ContainerConfig } from '../../image/types.ts';
import type { RunOptions } from '../types.ts';

/**
 * argv of the container, merged as Docker does: --entrypoint replaces the image's Entrypoint and drops its Cmd,
 * an empty one resets both; arguments replace Cmd.
 */
export function commandOf(options: RunOptions, image: ContainerConfig): string[] {
  const given = options.args ?? [];
  const reset = options.entrypoint !== undefined;
  const own = image.Entrypoint ?? [];
  // `ENTRYPOINT [""]` is how an image resets that of its base
  const inherited = own.length === 1 && own[0] === '' ? [] : own;
  const entrypoint = reset ? [options.entrypoint ?? ''].filter(Boolean) : inherited;
  const cmd = given.length > 0 || reset ? given : (image.Cmd ?? []);
  const argv = [...entrypoint, ...cmd];
  if (argv.length > 0) return argv;
  throw new TinyrunError('USAGE', `no command given and image ${options.image} names none`, {
    hint: 'write the command after the image: tinyrun run IMAGE COMMAND',
  });
}
