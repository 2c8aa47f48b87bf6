import { type InUse, sweep } from '../image/gc.ts';
import { pruneImages } from '../image/prune.ts';
import type { Removed } from '../image/remove.ts';
import { ImageStore } from '../image/store.ts';
import type { Roots } from '../store/paths.ts';
import { tellRemoved } from './events/images.ts';
import { tellPrune } from './events/tell.ts';
import { imageUsers } from './image-users.ts';

export interface PrunedImages extends Removed {
  readonly reclaimed: number;
  /** What they left behind and could not be removed: the images are gone all the same. */
  readonly failed: readonly Error[];
}

/** Removes the images that no container has: those without a name, or all; and what no image has then. */
export async function pruneStored(
  roots: Roots,
  { all = false, filters }: { readonly all?: boolean; readonly filters?: readonly string[] | undefined } = {},
): Promise<PrunedImages> {
  const store = new ImageStore(roots.dataRoot);
  const { users, inUse } = imageUsers(roots);
  const before = store.list();
  const removed = await pruneImages(store, { all, filters, users });
  tellRemoved(roots, before, removed);
  const swept = trySweep(store, inUse);
  tellPrune(roots, 'image', swept.reclaimed);
  return { ...removed, ...swept };
}

function trySweep(store: ImageStore, inUse: InUse): Pick<PrunedImages, 'reclaimed' | 'failed'> {
  try {
    return { reclaimed: sweep(store, inUse, true) ?? 0, failed: [] };
  } catch (error) {
    return { reclaimed: 0, failed: [error as Error] };
  }
}
