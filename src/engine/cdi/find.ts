import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, kernelReason, TinyrunError } from '../../errors.ts';
import type { Spec } from '../../spec/types.ts';
import { deviceAt } from '../config/devices.ts';
import { ConfigError } from '../config/error.ts';
import { type FoundCdi, injectDevices } from './inject.ts';
import { checkCdi, isQualified } from './spec.ts';

/** Of JSON alone: `nvidia-ctk cdi generate --format json` writes it. What is generated at boot is newer than what was written down. */
const DIRECTORIES: readonly string[] = ['/var/run/cdi', '/etc/cdi'];

/** A container's spec with the devices of vendors that it asks for. @throws TinyrunError */
export function withDevices(spec: Spec, names: readonly string[], directories = DIRECTORIES): Spec {
  for (const [index, name] of names.entries())
    if (!isQualified(name))
      throw new ConfigError(
        `vendorDevices[${index}]`,
        `invalid device name ${JSON.stringify(name)}, expecting "<vendor>/<class>=<name>"`,
      );
  const kinds = new Set(names.map((name) => name.slice(0, name.indexOf('='))));
  const found = directories.map((directory) =>
    specsIn(directory).filter(({ spec: { kind } }) => kinds.has(kind)),
  );
  for (const specs of found) refuseConflicts(names, specs);
  return injectDevices(spec, names, found.flat(), deviceAt);
}

/** Two files of one directory that both have a device: nobody knows which is meant. */
function refuseConflicts(names: readonly string[], specs: readonly FoundCdi[]): void {
  for (const name of names) {
    const own = specs.filter(({ spec: { kind, devices } }) =>
      devices.some((device) => `${kind}=${device.name}` === name),
    );
    if (own.length > 1)
      throw new TinyrunError(
        'USAGE',
        `CDI device injection failed: conflicting device ${JSON.stringify(name)} (specs ${own.map(({ path }) => path).join(', ')})`,
      );
  }
}

function specsIn(directory: string): FoundCdi[] {
  return filesIn(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readSpec(join(directory, name)));
}

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

function readSpec(path: string): FoundCdi {
  const fail = (problem: string, cause?: unknown) =>
    new TinyrunError('SPEC_INVALID', `CDI specification ${path}: ${problem}`, { cause });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw fail(kernelReason(cause), cause);
  }
  try {
    return { path, spec: checkCdi(JSON.parse(text), path) };
  } catch (cause) {
    if (cause instanceof TinyrunError) throw cause;
    throw fail((cause as Error).message, cause);
  }
}
