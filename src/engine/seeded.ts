import { existsSync } from 'node:fs';
import { AT_FDCWD, native } from '../native/index.ts';
import { type Birth, bear, type Life } from '../runtime/life.ts';
import type { Roots } from '../store/paths.ts';
import type { Blueprint } from './blueprint.ts';
import { type ContainerRecord, containerIds, readRecord } from './record.ts';

/** Bears a container whose volumes its plan fills: whoever else would fill them waits meanwhile. */
export async function bearSeeded({ volumes }: Pick<Blueprint, 'volumes'>, birth: Birth): Promise<Life> {
  if (volumes === undefined) return await bear(birth);
  const seeding = await volumes.seeding();
  try {
    const life = await bear(birth);
    seeding.done();
    return life;
  } finally {
    seeding.release();
  }
}

/** The volumes that go with a container. */
export const anonymousOf = ({ mounts }: Pick<ContainerRecord, 'mounts'>): string[] =>
  mounts.flatMap(({ volume }) => (volume?.anonymous ? [volume.name] : []));

/** Who has which volume, by name. */
export function volumeUsers(roots: Roots): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const id of containerIds(roots))
    for (const { volume } of recordOf(roots, id)?.mounts ?? [])
      if (volume) users.set(volume.name, [...new Set([...(users.get(volume.name) ?? []), id])]);
  return users;
}

/** Of a damaged one nobody knows what it has. */
function recordOf(roots: Roots, id: string): ContainerRecord | undefined {
  try {
    return readRecord(roots, id);
  } catch {
    return undefined;
  }
}

export const volumePath = ({ dataRoot }: Roots, name: string): string => `${dataRoot}/volumes/${name}`;

/** Of a container that is gone; what another has stays. */
export function removeVolumes(roots: Roots, names: readonly string[]): void {
  if (names.length === 0) return;
  const users = volumeUsers(roots);
  for (const name of names)
    if (!users.has(name) && existsSync(volumePath(roots, name)))
      native().removeTree(AT_FDCWD, volumePath(roots, name));
}
