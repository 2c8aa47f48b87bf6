import { existsSync } from 'node:fs';
import { AT_FDCWD, native } from '../../native/index.ts';
import { type Birth, bear, type Life } from '../../runtime/life.ts';
import type { Roots } from '../../store/paths.ts';
import type { Blueprint } from '../blueprint.ts';
import { type ContainerRecord, containerIds, readRecord } from '../record.ts';

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

/**
 * Who has which volume, by name. Of a damaged record nobody knows what it has: `onDamaged` is told, and nothing may be taken
 * for unused then.
 */
export function volumeUsers(roots: Roots, onDamaged: (error: Error) => void): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const id of containerIds(roots))
    for (const { volume } of recordOf(roots, id, onDamaged)?.mounts ?? [])
      if (volume) users.set(volume.name, [...new Set([...(users.get(volume.name) ?? []), id])]);
  return users;
}

/** What takes volumes away goes by this. @throws TinyrunError STATE_DAMAGED */
export const knownUsers = (roots: Roots): Map<string, string[]> =>
  volumeUsers(roots, (error) => {
    throw error;
  });

function recordOf(roots: Roots, id: string, onDamaged: (error: Error) => void): ContainerRecord | undefined {
  try {
    return readRecord(roots, id);
  } catch (error) {
    onDamaged(error as Error);
    return undefined;
  }
}

export const volumePath = ({ dataRoot }: Roots, name: string): string => `${dataRoot}/volumes/${name}`;

/** Of a container that is gone; what another has stays, or may have: `volume prune` is for what is left then. */
export function removeVolumes(roots: Roots, names: readonly string[]): void {
  if (names.length === 0) return;
  let isKnown = true;
  const users = volumeUsers(roots, () => {
    isKnown = false;
  });
  for (const name of names)
    if (isKnown && !users.has(name) && existsSync(volumePath(roots, name)))
      native().removeTree(AT_FDCWD, volumePath(roots, name));
}
