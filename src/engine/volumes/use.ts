import { isTinyrunError, TinyrunError } from '../../errors.ts';
import { ensureUnpacked } from '../../image/layers.ts';
import { requireLinux } from '../../image/platform.ts';
import { ImageStore } from '../../image/store.ts';
import type { ImageDefaults } from '../../image/types.ts';
import { tellEvents } from '../../store/events.ts';
import type { Roots } from '../../store/paths.ts';
import { checkVolumeName, newVolumeName, type Seeding, VolumeStore } from '../../volume/store.ts';
import { ConfigError } from '../config/error.ts';
import { cleanTarget, isPlaced, type PlacedImage, type PlacedVolume } from '../config/mounts.ts';
import type { ContainerConfig, ImageMountConfig, MountConfig, VolumeConfig } from '../config/types.ts';
import { findImage } from '../find-image.ts';
import { findContainer } from '../manage.ts';
import { below, placeOf } from './options.ts';

/** What a container mounts, all of it: its volumes named and placed, and those that its image asks for. */
export async function placeVolumes(
  roots: Roots,
  config: ContainerConfig,
  image: ImageDefaults,
  directory: string,
): Promise<readonly MountConfig[]> {
  const { mounts = [], volumesFrom = [], namespaces } = config;
  const placing: Placing = {
    roots,
    store: new VolumeStore(roots.dataRoot),
    mapped: namespaces?.user === 'private' ? { mapped: true } : {},
    directory,
  };
  const given: MountConfig[] = [];
  for (const [index, mount] of mounts.entries()) given.push(await place(placing, mount, `mounts[${index}]`));
  const isFree = among(given);
  const borrowed = volumesFrom
    .flatMap((text, index) => mountsFrom(roots, text, `volumesFrom[${index}]`))
    .filter(isFree);
  const wanted = Object.keys(image.Volumes ?? {})
    .filter((target) => target.startsWith('/') && cleanTarget(target) !== '/')
    .map((target) => ({ kind: 'volume', target: cleanTarget(target) }) as const)
    .filter(isFree);
  for (const mount of [...borrowed, ...wanted]) given.push(await place(placing, mount, 'image'));
  return given;
}

interface Placing {
  readonly roots: Roots;
  readonly store: VolumeStore;
  readonly mapped: { readonly mapped?: true };
  /** The container's own. */
  readonly directory: string;
}

async function place(placing: Placing, mount: MountConfig, field: string): Promise<MountConfig> {
  if (mount.kind === 'volume') return placeVolume(placing, mount, field);
  if (mount.kind === 'image') return await placeImage(placing, mount, field);
  return mount;
}

/** A directory for what the host mounts at a target. */
const pointOf = ({ directory }: Placing, target: string): string =>
  `${directory}/mounts/${Buffer.from(cleanTarget(target)).toString('base64url').slice(-200)}`;

function placeVolume(placing: Placing, mount: VolumeConfig, field: string): PlacedVolume {
  const { store, mapped } = placing;
  const { name = newVolumeName(), driver = 'local', subpath } = mount;
  checkVolumeName(name);
  if (driver !== 'local')
    throw new ConfigError(
      `${field}.driver`,
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
    );
  const anonymous = mount.name === undefined ? { anonymous: true } : {};
  const options = store.read(name)?.options ?? mount.options ?? {};
  const point = pointOf(placing, mount.target);
  const found = inField(field, () => {
    const whole = placeOf(options, store.data(name), point);
    if (subpath !== undefined && whole.how?.type === 'tmpfs')
      throw new TinyrunError('USAGE', `subpath ${JSON.stringify(subpath)}: a volume in memory is empty`);
    return below(whole, subpath);
  });
  return { ...mount, name, ...found, ...anonymous, ...mapped };
}

async function placeImage(placing: Placing, mount: ImageMountConfig, field: string): Promise<PlacedImage> {
  const { roots, mapped } = placing;
  const found = await findImage(roots, { image: mount.image }, { pull: 'never' });
  requireLinux(found.config, `image ${mount.image}`);
  const { lowers } = await ensureUnpacked(new ImageStore(roots.dataRoot), found);
  const target = pointOf(placing, mount.target);
  const options = lowers.map((layer) => `lowerdir+=${layer}`);
  const [only] = lowers.length === 1 ? lowers : [];
  const whole =
    only === undefined
      ? { source: target, host: { type: 'overlay', source: 'overlay', target, options } }
      : { source: only, ...mapped };
  return inField(field, () => ({ ...mount, ...below(whole, mount.subpath), id: found.id, layers: lowers }));
}

function inField<T>(field: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!isTinyrunError(error, 'USAGE')) throw error;
    throw new ConfigError(field, error.message, { cause: error, ...(error.hint && { hint: error.hint }) });
  }
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
    if (mount.kind === 'image') return [{ kind: 'image', ...only(mount, ['image', 'target', 'subpath']) }];
    const asked = only(mount, ['name', 'target', 'readOnly', 'subpath', 'options']);
    return [{ kind: 'volume', ...asked, noCopy: true, ...readOnly }];
  });
}

/** Without where it lies for the other one. */
const only = <T extends object, K extends keyof T>(value: T, keys: readonly K[]): Pick<T, K> =>
  Object.fromEntries(keys.flatMap((key) => (key in value ? [[key, value[key]]] : []))) as Pick<T, K>;

const isSeeded = ({ noCopy, subpath, unseeded }: PlacedVolume): boolean =>
  !noCopy && subpath === undefined && !unseeded;

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
      const names = [...new Set(volumes.filter(isSeeded).map(({ name }) => name))];
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
