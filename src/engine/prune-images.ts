import { sweep } from '../image/gc.ts';
import { pruneImages } from '../image/prune.ts';
import type { Removed } from '../image/remove.ts';
import { ImageStore } from '../image/store.ts';
import type { Roots } from '../store/paths.ts';
import { tellRemoved } from './image-events.ts';
import { imageUsers } from './image-users.ts';
import { tellPrune } from './tell.ts';

export interface PrunedImages extends Removed {
  readonly reclaimed: number;
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
  const reclaimed = sweep(store, inUse, true) ?? 0;
  tellPrune(roots, 'image', reclaimed);
  return { ...removed, reclaimed };
}
