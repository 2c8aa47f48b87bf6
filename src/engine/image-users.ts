import { type InUse, isSweepPending, sweep } from '../image/gc.ts';
import type { User } from '../image/remove.ts';
import type { ImageStore } from '../image/store.ts';
import type { Roots } from '../store/paths.ts';
import type { PlacedImage } from './config/mounts.ts';
import { type ContainerRecord, containerIds, readRecord, viewOf } from './record.ts';
import { isRunning } from './status.ts';

/** What containers need of the image store: asked before anything is removed from it. */
export function imageUsers(roots: Roots): { users: User[]; inUse: InUse } {
  const records = containerIds(roots).flatMap((id) => readRecord(roots, id) ?? []);
  const users = records.flatMap((record) =>
    imagesOf(record).map(({ id: imageId }) => ({
      id: record.id,
      imageId,
      running: isRunning(viewOf(roots, record)),
    })),
  );
  return { users, inUse: { trees: records.flatMap(imagesOf).flatMap(({ layers }) => layers) } };
}

/** Its own, and those that it mounts. */
const imagesOf = ({ image, placed = [] }: ContainerRecord): readonly Pick<PlacedImage, 'id' | 'layers'>[] => [
  image,
  ...placed.flatMap((mount) => (mount.kind === 'image' ? [mount as PlacedImage] : [])),
];

/** The sweep that an image being added had held up. */
export function sweepIfPending(store: ImageStore, roots: Roots): void {
  if (isSweepPending(store)) sweep(store, imageUsers(roots).inUse);
}
