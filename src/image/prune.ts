import { matcher, parseFilters } from './filter.ts';
import type { Removed, User } from './remove.ts';
import type { ImageStore } from './store.ts';
import { views } from './view.ts';

export interface PruneOptions {
  /** Named images too, when no container uses them. */
  readonly all: boolean;
  readonly filters?: readonly string[] | undefined;
  readonly users: readonly User[];
}

/** Removes the images that nothing uses; what no image has then is there until `sweep`. */
export async function pruneImages(store: ImageStore, options: PruneOptions): Promise<Removed> {
  const filters = parseFilters(options.filters, ['until', 'label', 'label!']);
  const used = new Set(options.users.map(({ imageId }) => imageId));
  const wanted = matcher(filters, () => undefined);
  return store.update((entries) => {
    const going = views(entries).filter(
      (view) => (options.all || view.tags.length === 0) && !used.has(view.id) && wanted(view),
    );
    const ids = new Set(going.map(({ id }) => id));
    return {
      entries: entries.filter(({ id }) => !ids.has(id)),
      result: { untagged: going.flatMap(({ tags, digests }) => [...tags, ...digests]), deleted: [...ids] },
    };
  });
}
