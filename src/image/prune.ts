import { matcher, parseFilters } from './filter.ts';
import { type InUse, sweep } from './gc.ts';
import type { Removed, User } from './remove.ts';
import type { ImageStore } from './store.ts';
import { views } from './view.ts';

export interface PruneOptions {
  /** Named images too, when no container uses them. */
  readonly all: boolean;
  readonly filters?: readonly string[] | undefined;
  readonly users: readonly User[];
  readonly inUse: InUse;
}

/** Removes images nothing uses, blobs and layers that no image has, and partial downloads; answers the bytes freed. */
export async function pruneImages(
  store: ImageStore,
  options: PruneOptions,
): Promise<Removed & { freed: number }> {
  const filters = parseFilters(options.filters, ['until', 'label', 'label!']);
  const used = new Set(options.users.map(({ imageId }) => imageId));
  const wanted = matcher(filters, () => undefined);
  const removed = await store.update((entries) => {
    const going = views(entries).filter(
      (view) => (options.all || view.tags.length === 0) && !used.has(view.id) && wanted(view),
    );
    const ids = new Set(going.map(({ id }) => id));
    return {
      entries: entries.filter(({ id }) => !ids.has(id)),
      result: { untagged: going.flatMap(({ tags, digests }) => [...tags, ...digests]), deleted: [...ids] },
    };
  });
  return { ...removed, freed: sweep(store, options.inUse, true) ?? 0 };
}
