import type { Command as Program } from 'commander';
import type { ContainerConfig } from '../../engine/config/types.ts';
import { containerFlags } from './container.ts';
import { filesystemFlags } from './filesystem.ts';
import { type FieldNames, type FlagGroup, HOST, type Host } from './group.ts';
import { healthFlags } from './health.ts';
import { limitFlags } from './limits.ts';
import { logFlags } from './logging.ts';
import { nameFlags } from './names.ts';
import { namespaceFlags } from './namespaces.ts';
import { networkFlags } from './network.ts';
import { processFlags } from './process.ts';
import { restartFlags } from './restart.ts';
import { securityFlags } from './security.ts';
import { type Given, inFlags } from './word.ts';

/** Of every verb that makes a container. */
const GROUPS = [
  processFlags,
  filesystemFlags,
  limitFlags,
  namespaceFlags,
  networkFlags,
  nameFlags,
  logFlags,
  healthFlags,
  securityFlags,
  containerFlags,
  restartFlags,
];

export function defineConfig(program: Program): void {
  for (const group of GROUPS) group.define(program);
}

/** @throws TinyrunError */
export function readConfig(
  image: string,
  args: readonly string[],
  flags: Given,
  host: Host,
): ContainerConfig {
  return Object.assign({ image, args }, ...GROUPS.map((group: FlagGroup<Given>) => group.read(flags, host)));
}

/** Does something with what the flags ask for. @throws what that throws, in the words of these flags */
export async function withConfig(
  image: string,
  args: readonly string[],
  flags: Given,
  act: (config: ContainerConfig) => Promise<void>,
): Promise<void> {
  const config = readConfig(image, args, flags, HOST);
  try {
    await act(config);
  } catch (error) {
    throw wordConfig(error, flags, config);
  }
}

/** What the engine throws, in the words of these flags. */
export function wordConfig(error: unknown, flags: Given, config: ContainerConfig): unknown {
  const names: FieldNames = Object.assign({}, ...GROUPS.map((group) => group.names));
  return inFlags(error, names, flags, config);
}
