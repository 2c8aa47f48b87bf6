import { readdirSync, readFileSync, statSync } from 'node:fs';
import { errnoOf, kernelReason, TinyrunError } from '../../errors.ts';
import type { Spec } from '../../spec/types.ts';
import { join } from '../../store/join.ts';
import { deviceAt } from '../config/devices.ts';
import { ConfigError } from '../config/error.ts';
import { type FoundCdi, injectDevices } from './inject.ts';
import { checkCdi, isQualified } from './spec.ts';

/** What is generated at boot is newer than what was written down. */
const DIRECTORIES: readonly string[] = ['/var/run/cdi', '/etc/cdi'];

const MOST_BYTES = 2 ** 22;

/** A container's spec with the devices of vendors that it asks for. @throws TinyrunError */
export async function withDevices(
  spec: Spec,
  names: readonly string[],
  directories = DIRECTORIES,
): Promise<Spec> {
  for (const [index, name] of names.entries())
    if (!isQualified(name))
      throw new ConfigError(
        `vendorDevices[${index}]`,
        `invalid device name ${JSON.stringify(name)}, expecting "<vendor>/<class>=<name>"`,
      );
  const kinds = new Set(names.map((name) => name.slice(0, name.indexOf('='))));
  const read = await Promise.all(directories.map(specsIn));
  const found = read.map((specs) => specs.filter(({ spec: { kind } }) => kinds.has(kind)));
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

const specsIn = (directory: string): Promise<FoundCdi[]> =>
  Promise.all(
    filesIn(directory)
      .filter((name) => /\.(json|ya?ml)$/.test(name))
      .sort()
      .map((name) => readSpec(join(directory, name))),
  );

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return [];
    throw error;
  }
}

async function readSpec(path: string): Promise<FoundCdi> {
  const fail = (problem: string, cause?: unknown, line?: number) =>
    new TinyrunError('SPEC_INVALID', `CDI specification ${path}${line ? `:${line}` : ''}: ${problem}`, {
      cause,
    });
  let text: string;
  try {
    if (statSync(path).size > MOST_BYTES) throw fail(`larger than ${MOST_BYTES >> 20} MB`);
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof TinyrunError) throw cause;
    throw fail(kernelReason(cause), cause);
  }
  try {
    return { path, spec: checkCdi(await readAs(path, text), path) };
  } catch (cause) {
    if (cause instanceof TinyrunError) throw cause;
    throw fail((cause as Error).message, cause, (cause as { line?: number }).line);
  }
}

/** Read by what its name ends with; the reader of YAML is loaded for nobody else. */
async function readAs(path: string, text: string): Promise<unknown> {
  if (path.endsWith('.json')) return JSON.parse(text);
  const { parseYaml } = await import('./yaml.ts');
  return parseYaml(text);
}
