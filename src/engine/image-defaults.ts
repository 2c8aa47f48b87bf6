import { ImageStore } from '../image/store.ts';
import type { ImageDefaults } from '../image/types.ts';
import type { Roots } from '../store/paths.ts';
import type { ContainerRecord } from './record.ts';

/** What the image of a container says of it; undefined where the image is gone. */
export function imageDefaultsOf(roots: Roots, { image: { id } }: ContainerRecord): ImageDefaults | undefined {
  const images = new ImageStore(roots.dataRoot);
  const entry = images.list().find((other) => other.id === id);
  return entry && (images.record(entry).config.config ?? {});
}
