import type { ImageDefaults } from '../image/types.ts';
import type { Roots } from '../store/paths.ts';
import { checkVolumeName, newVolumeName, type Seeding, VolumeStore } from '../volume/store.ts';
import { ConfigError } from './config/error.ts';
import { cleanTarget, type PlacedVolume } from './config/mounts.ts';
import type { ContainerConfig, MountConfig, VolumeConfig } from './config/types.ts';

/** What a container mounts, all of it: its volumes named and placed, and those that its image asks for. */
export function placeVolumes(
  { dataRoot }: Roots,
  { mounts = [], namespaces }: ContainerConfig,
  image: ImageDefaults,
): readonly MountConfig[] {
  const store = new VolumeStore(dataRoot);
  const mapped = namespaces?.user === 'private' ? { mapped: true } : {};
  const place = (mount: VolumeConfig, field: string): PlacedVolume => {
    const { name = newVolumeName(), driver = 'local' } = mount;
    checkVolumeName(name);
    if (driver !== 'local')
      throw new ConfigError(
        `${field}.driver`,
        `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      );
    const anonymous = mount.name === undefined ? { anonymous: true } : {};
    return { ...mount, name, source: store.data(name), ...anonymous, ...mapped };
  };
  const given = mounts.map((mount, index) =>
    mount.kind === 'volume' ? place(mount, `mounts[${index}]`) : mount,
  );
  const taken = new Set(given.map(({ target }) => cleanTarget(target)));
  const more = Object.keys(image.Volumes ?? {})
    .filter((target) => target.startsWith('/') && cleanTarget(target) !== '/')
    .map(cleanTarget)
    .filter((target, index, all) => !taken.has(target) && all.indexOf(target) === index);
  return [...given, ...more.map((target) => place({ kind: 'volume', target }, 'image'))];
}

export const isPlaced = (mount: MountConfig): mount is PlacedVolume =>
  mount.kind === 'volume' && 'source' in mount;

/** What is done about volumes where a container is made and started. */
export interface VolumeUse {
  /** Makes those that are missing, and does something before anybody can take them away. */
  making<T>(act: () => T): T;
  /** Takes in hand those that the plan is to fill. */
  seeding(): Promise<Seeding>;
}

export function useOf({ dataRoot }: Roots, placed: readonly MountConfig[]): VolumeUse {
  const store = new VolumeStore(dataRoot);
  const volumes = placed.filter(isPlaced);
  return {
    making(act) {
      const lock = store.hold();
      try {
        for (const { name, anonymous = false, labels = {} } of volumes)
          store.create({ name, anonymous, labels });
        return act();
      } finally {
        lock.release();
      }
    },
    async seeding() {
      const held: Seeding[] = [];
      const release = () => {
        for (const one of held) one.release();
      };
      const names = [...new Set(volumes.filter(({ noCopy }) => !noCopy).map(({ name }) => name))];
      try {
        // in one order, so that no two wait for each other
        for (const name of names.sort()) {
          const one = await store.beginSeeding(name);
          if (one) held.push(one);
        }
      } catch (error) {
        release();
        throw error;
      }
      return {
        done() {
          for (const one of held) one.done();
        },
        release,
      };
    },
  };
}
