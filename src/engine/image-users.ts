import { type InUse, isSweepPending, sweep } from '../image/gc.ts';
import type { User } from '../image/remove.ts';
import type { ImageStore } from '../image/store.ts';
import type { Roots } from '../store/paths.ts';
import { containerIds, readRecord, viewOf } from './record.ts';
import { isRunning } from './status.ts';

/** What containers need of the image store: asked before anything is removed from it. */
export function imageUsers(roots: Roots): { users: User[]; inUse: InUse } {
  const records = containerIds(roots).flatMap((id) => readRecord(roots, id) ?? []);
  const users = records.map((record) => ({
    id: record.id,
    imageId: record.image.id,
    running: isRunning(viewOf(roots, record)),
  }));
  return { users, inUse: { trees: records.flatMap((record) => record.image.layers) } };
}

/** The sweep that an image being added had held up. */
export function sweepIfPending(store: ImageStore, roots: Roots): void {
  if (isSweepPending(store)) sweep(store, imageUsers(roots).inUse);
}
