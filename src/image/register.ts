import type { StoredImage } from './entry.ts';
import { platformOf, ZERO_TIME } from './entry.ts';
import { LayerStore } from './layers.ts';
import type { ImageStore } from './store.ts';
import type { Descriptor, ImageConfig } from './types.ts';

export interface Registration {
  /** Of the manifest, stored already like all it names. */
  readonly manifest: Descriptor;
  readonly configDigest: string;
  readonly config: ImageConfig;
  /** Full name; without one the image is dangling. */
  readonly name?: string;
  /** `host/name@sha256:…`, as the registry calls it. */
  readonly repoDigests?: readonly string[];
}

/** Enters an image whose blobs are stored and whose layers are unpacked into the index: now it exists. */
export async function register(store: ImageStore, image: Registration): Promise<StoredImage> {
  const layers = new LayerStore(store.dataRoot);
  const diffIds = image.config.rootfs.diff_ids;
  const entry: StoredImage = {
    id: image.configDigest,
    digest: image.manifest.digest,
    mediaType: image.manifest.mediaType,
    manifestSize: image.manifest.size,
    platform: platformOf(image.config),
    ...(image.name !== undefined && { name: image.name }),
    created: image.config.created ?? ZERO_TIME,
    stored: new Date().toISOString(),
    size: diffIds.reduce((sum, diffId) => sum + layers.info(diffId).size, 0),
    repoDigests: image.repoDigests ?? [],
    diffIds,
    labels: image.config.config?.Labels ?? {},
  };
  await store.add(entry);
  return entry;
}
