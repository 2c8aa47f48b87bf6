import { TinyrunError } from '../errors.ts';
import type { ImageDefaults } from '../image/types.ts';
import { tellEvents } from '../store/events.ts';
import type { Roots } from '../store/paths.ts';
import { checkVolumeName, newVolumeName, type Seeding, VolumeStore } from '../volume/store.ts';
import { ConfigError } from './config/error.ts';
import { cleanTarget, type PlacedVolume } from './config/mounts.ts';
import type { ContainerConfig, MountConfig, VolumeConfig } from './config/types.ts';
import { findContainer } from './manage.ts';

/** What a container mounts, all of it: its volumes named and placed, and those that its image asks for. */
export function placeVolumes(
  roots: Roots,
  { mounts = [], volumesFrom = [], namespaces }: ContainerConfig,
  image: ImageDefaults,
): readonly MountConfig[] {
  const store = new VolumeStore(roots.dataRoot);
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
  const isFree = among(given);
  const borrowed = volumesFrom
    .flatMap((text, index) => mountsFrom(roots, text, `volumesFrom[${index}]`))
    .filter(isFree);
  const wanted = Object.keys(image.Volumes ?? {})
    .filter((target) => target.startsWith('/') && cleanTarget(target) !== '/')
    .map((target) => ({ kind: 'volume', target: cleanTarget(target) }) as const)
    .filter(isFree);
  const ours = (mount: MountConfig) => (mount.kind === 'volume' ? { ...mount, ...mapped } : mount);
  return [...given, ...borrowed.map(ours), ...wanted.map((mount) => place(mount, 'image'))];
}

/** Whether nothing is mounted at a target yet; by then it is. */
function among(given: readonly MountConfig[]): (mount: { readonly target: string }) => boolean {
  const taken = new Set(given.map(({ target }) => cleanTarget(target)));
  return ({ target }) => {
    const isFree = !taken.has(cleanTarget(target));
    taken.add(cleanTarget(target));
    return isFree;
  };
}

/** The volumes and binds of another container; nothing is copied into them, and they go with that one. */
function mountsFrom(roots: Roots, text: string, field: string): MountConfig[] {
  const [, name = '', mode] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const words = mode?.split(',') ?? [];
  if (name === '' || words.some((word) => !['ro', 'rw', 'z', 'Z'].includes(word)))
    throw new ConfigError(field, `invalid mode: ${mode ?? ''}`, {
      hint: 'CONTAINER, CONTAINER:ro or CONTAINER:rw',
    });
  const { record } = findContainer(roots, name);
  if (record.config.autoRemove && record.mounts.some(({ volume }) => volume?.anonymous))
    throw new TinyrunError(
      'UNSUPPORTED',
      `${name} is to be removed at its end, and its volumes without a name with it`,
      {
        hint: 'have that one stay, or give its volumes names',
      },
    );
  const readOnly = words.includes('ro') ? { readOnly: true } : {};
  return (record.placed ?? record.config.mounts ?? []).flatMap((mount): MountConfig[] => {
    if (mount.kind === 'tmpfs') return [];
    if (mount.kind === 'bind') return [{ ...mount, ...readOnly }];
    const { anonymous: _, mapped: __, ...rest } = mount as PlacedVolume;
    return [{ ...rest, noCopy: true, ...readOnly }];
  });
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

export function useOf(roots: Roots, placed: readonly MountConfig[]): VolumeUse {
  const store = new VolumeStore(roots.dataRoot);
  const volumes = placed.filter(isPlaced);
  return {
    making(act) {
      const lock = store.hold();
      try {
        const made = volumes.filter(({ name, anonymous = false, labels = {} }) =>
          store.create({ name, anonymous, labels }),
        );
        tellMade(roots, made);
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

function tellMade(roots: Roots, volumes: readonly { readonly name: string }[]): void {
  if (volumes.length === 0) return;
  const attributes = { driver: 'local' };
  tellEvents(
    roots,
    volumes.map(({ name }) => ({ type: 'volume', action: 'create', id: name, attributes })),
  );
}
