import { TinyrunError } from '../../errors.ts';
import type { ImageConfig, RunOptions } from '../types.ts';

/**
 * argv of the container, merged as Docker does: --entrypoint replaces the image's Entrypoint and drops its Cmd,
 * an empty one resets both; arguments replace Cmd.
 */
export function commandOf(options: RunOptions, image: ImageConfig): string[] {
  const given = options.args ?? [];
  const reset = options.entrypoint !== undefined;
  const entrypoint = reset ? [options.entrypoint ?? ''].filter(Boolean) : (image.Entrypoint ?? []);
  const cmd = given.length > 0 || reset ? given : (image.Cmd ?? []);
  const argv = [...entrypoint, ...cmd];
  if (argv.length > 0) return argv;
  throw new TinyrunError('USAGE', `no command given and image ${options.image} names none`, {
    hint: 'write the command after the image: tinyrun run IMAGE COMMAND',
  });
}
