import { Command as Program } from 'commander';
import type { Host } from '../../../../src/cli/flags/group.ts';
import { defineConfig, readConfig, wordConfig } from '../../../../src/cli/flags/index.ts';
import type { Given } from '../../../../src/cli/flags/word.ts';
import type { ContainerConfig } from '../../../../src/engine/config/types.ts';

const HOST: Host = { env: { TERM: 'vt100' }, cwd: '/cwd' };

/** What flags, as commander hands them over, come to. */
export const read = (flags: Given): ContainerConfig => readConfig('x', [], flags, HOST);

/** The same given to the engine, or to a part of it, whose refusal is in the words of the flags. */
export function taken<T>(flags: Given, use: (config: ContainerConfig) => T): T {
  const config = read(flags);
  try {
    return use(config);
  } catch (error) {
    throw wordConfig(error, flags, config);
  }
}

/** What the words of a command line come to. */
export function configOf(flags: readonly string[], image: string, args: readonly string[]): ContainerConfig {
  const program = new Program();
  defineConfig(program);
  program.parse(flags, { from: 'user' });
  return readConfig(image, args, program.opts(), HOST);
}
