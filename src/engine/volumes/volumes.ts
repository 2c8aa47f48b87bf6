import { isTinyrunError, TinyrunError } from '../../errors.ts';
import { hasLabel, parseFilters } from '../../image/filter.ts';
import type { VolumeAction } from '../../store/event-types.ts';
import { tellEvents } from '../../store/events.ts';
import type { Roots } from '../../store/paths.ts';
import { booleanOf } from '../../store/words.ts';
import { newVolumeName, VolumeStore } from '../../volume/store.ts';
import type { VolumeRecord } from '../../volume/types.ts';
import { tellPrune } from '../events/tell.ts';
import { treeSize } from '../usage.ts';
import { drivenBy } from './options.ts';
import { knownUsers, volumeUsers } from './seeded.ts';

export interface VolumeView {
  readonly record: VolumeRecord;
  /** Where its files are. */
  readonly mountpoint: string;
  /** Ids of the containers that have it. */
  readonly users: readonly string[];
}

export interface VolumeOptions {
  readonly name?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly driver?: string | undefined;
  /** Of the driver: `type`, `device`, `o`. */
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** Makes a volume, and answers its name; one that is there stays as it is. @throws TinyrunError USAGE */
export function createVolume(
  roots: Roots,
  { name, labels = {}, driver = 'local', options = {} }: VolumeOptions,
): string {
  if (driver !== 'local')
    throw new TinyrunError(
      'USAGE',
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      {
        hint: 'local is the one driver there is',
      },
    );
  drivenBy(options);
  const anonymous = !name;
  const chosen = name || newVolumeName();
  const store = new VolumeStore(roots.dataRoot);
  const isNew = !store.has(chosen);
  store.create({ name: chosen, labels, anonymous, options });
  if (isNew) tellVolume(roots, 'create', chosen);
  return chosen;
}

const tellVolume = (roots: Roots, action: VolumeAction, id: string): void =>
  tellEvents(roots, [{ type: 'volume', action, id, attributes: { driver: 'local' } }]);

/** By name. @throws TinyrunError for a filter that cannot be */
export function listVolumes(
  roots: Roots,
  filters: readonly string[],
  onDamaged: (error: Error) => void,
): VolumeView[] {
  const isWanted = wantedBy(filters, ['dangling', 'driver', 'label', 'label!', 'name']);
  const [store, users] = [new VolumeStore(roots.dataRoot), volumeUsers(roots, onDamaged)];
  return store
    .list(onDamaged)
    .map((record) => ({ record, mountpoint: store.data(record.name), users: users.get(record.name) ?? [] }))
    .filter(isWanted);
}

/** @throws TinyrunError VOLUME_NOT_FOUND */
export function findVolume(roots: Roots, name: string): VolumeView {
  const store = new VolumeStore(roots.dataRoot);
  const record = store.read(name);
  if (record === undefined) throw missing('get', name);
  return { record, mountpoint: store.data(name), users: volumeUsers(roots, () => {}).get(name) ?? [] };
}

/** @throws TinyrunError VOLUME_IN_USE, STATE_DAMAGED where nobody knows, VOLUME_NOT_FOUND unless forced */
export function removeVolume(roots: Roots, name: string, { force = false } = {}): void {
  const store = new VolumeStore(roots.dataRoot);
  if (!store.has(name)) {
    if (force) return;
    throw missing('get', name);
  }
  const lock = store.hold();
  let remove = () => {};
  try {
    const users = knownUsers(roots).get(name) ?? [];
    if (users.length > 0)
      throw new TinyrunError('VOLUME_IN_USE', `remove ${name}: volume is in use - [${users.join(', ')}]`);
    if (store.has(name)) remove = store.take(name);
  } finally {
    lock.release();
  }
  remove();
  tellVolume(roots, 'destroy', name);
}

export interface PrunedVolumes {
  readonly deleted: readonly string[];
  /** Bytes in each of them, and in all. */
  readonly sizes: readonly number[];
  readonly reclaimed: number;
  readonly failed: readonly Error[];
}

/** Removes the volumes that no container has: those without a name, or all. */
export function pruneVolumes(
  roots: Roots,
  { all = false, filters = [] as readonly string[] } = {},
): PrunedVolumes {
  const isAll = all || allOf(filters);
  const isWanted = wantedBy(filters, ['all', 'label', 'label!']);
  const failed: Error[] = [];
  const deleted: string[] = [];
  const sizes: number[] = [];
  for (const view of listVolumes(roots, [], (error) => failed.push(error))) {
    const { record, users, mountpoint } = view;
    if (users.length > 0 || !(isAll || record.anonymous) || !isWanted(view)) continue;
    const size = treeSize(mountpoint);
    try {
      removeVolume(roots, record.name, { force: true });
      deleted.push(record.name);
      sizes.push(size);
    } catch (error) {
      // a damaged container has been told of
      const isKnown = isTinyrunError(error, 'VOLUME_IN_USE', 'STATE_DAMAGED');
      if (!isKnown) failed.push(error as Error);
    }
  }
  const reclaimed = sizes.reduce((sum, size) => sum + size, 0);
  tellPrune(roots, 'volume', reclaimed);
  return { deleted, sizes, reclaimed, failed };
}

const missing = (what: string, name: string): TinyrunError =>
  new TinyrunError('VOLUME_NOT_FOUND', `${what} ${name}: no such volume`);

function allOf(filters: readonly string[]): boolean {
  const values = parseFilters(filters, ['all', 'label', 'label!']).get('all') ?? [];
  return values.map((text) => truth('all', text)).includes(true);
}

function wantedBy(given: readonly string[], known: readonly string[]): (view: VolumeView) => boolean {
  const filters = parseFilters(given, known);
  const of = (key: string) => filters.get(key) ?? [];
  const dangling = of('dangling').map((text) => truth('dangling', text));
  return ({ record, users }) =>
    (dangling.length === 0 || dangling.includes(users.length === 0)) &&
    (of('driver').length === 0 || of('driver').includes('local')) &&
    (of('name').length === 0 || of('name').some((text) => record.name.includes(text))) &&
    of('label').every((label) => hasLabel(record.labels, label)) &&
    !of('label!').some((label) => hasLabel(record.labels, label));
}

function truth(key: string, text: string): boolean {
  const value = booleanOf(text);
  if (value !== undefined) return value;
  throw new TinyrunError('USAGE', `invalid filter '${key}=${text}'`, { hint: 'true or false is expected' });
}
