import { TinyrunError } from '../errors.ts';
import { join } from '../store/join.ts';
import { adoptFile, putJson } from './blobs.ts';
import type { StoredImage } from './entry.ts';
import { addingIn } from './gc.ts';
import { ensureUnpacked } from './layers.ts';
import { receive } from './receive.ts';
import { register } from './register.ts';
import type { ImageStore } from './store.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageDefaults,
  type ImageRecord,
  type Manifest,
  MEDIA,
} from './types.ts';

/** An image that goes on from another. */
export interface NextImage {
  readonly parent: ImageRecord;
  /** The archive of a layer; nothing where the image has the same files. */
  readonly layer: Iterable<Buffer>;
  readonly config: ImageDefaults;
  /** Full name; without one the image is dangling. */
  readonly name: string | undefined;
  readonly author: string;
  readonly comment: string;
  /** The command line that made it. */
  readonly createdBy: string;
}

/** Stores an image with one layer more. @throws TinyrunError STORE_DAMAGED, NO_SPACE … */
export async function commitImage(store: ImageStore, next: NextImage): Promise<StoredImage> {
  return addingIn(store, 'commit-', async (directory) => {
    checkBlobs(store, next.parent);
    const path = join(directory, 'layer');
    const layer = await receiveAny(next.layer, path);
    if (layer) await adoptFile(store, path, layer);
    const config = configOf(next, layer);
    const { name, parent } = next;
    await ensureUnpacked(store, {
      layers: [...parent.layers, ...(layer ? [{ ...layer, diffId: layer.digest }] : [])],
    });
    const stored = putJson(store, config, MEDIA.config);
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: stored,
      layers: [...parent.manifest.layers.map(asOci), ...(layer ? [layer] : [])],
    };
    return register(store, {
      manifest: putJson(store, manifest, MEDIA.manifest),
      configDigest: stored.digest,
      config,
      ...(name !== undefined && { name }),
    });
  });
}

function checkBlobs(store: ImageStore, { layers, id }: ImageRecord): void {
  const missing = layers.find(({ digest }) => !store.hasBlob(digest));
  if (missing)
    throw new TinyrunError('STORE_DAMAGED', `layer ${missing.digest} of image ${id} is not stored any more`);
}

/** Docker's media types and OCI's stand for the same bytes, and one manifest has one kind. */
const OCI: ReadonlyMap<string, string> = new Map([[MEDIA.dockerLayer, MEDIA.layerGzip]]);

const asOci = (layer: Descriptor): Descriptor => ({
  ...layer,
  mediaType: OCI.get(layer.mediaType) ?? layer.mediaType,
});

async function receiveAny(pieces: Iterable<Buffer>, path: string): Promise<Descriptor | undefined> {
  const source = pieces[Symbol.iterator]();
  const first = source.next();
  if (first.done) return undefined;
  const all = function* () {
    yield first.value;
    yield* { [Symbol.iterator]: () => source };
  };
  return receive(all(), path);
}

function configOf(next: NextImage, layer: Descriptor | undefined): ImageConfig {
  const { parent, config, author, comment, createdBy } = next;
  const { config: _, history = [], rootfs, docker_version: __, ...rest } = parent.config;
  const created = new Date().toISOString();
  const entry = {
    created,
    created_by: createdBy,
    ...(author !== '' && { author }),
    ...(comment !== '' && { comment }),
    ...(!layer && { empty_layer: true }),
  };
  return {
    ...rest,
    created,
    ...(author !== '' && { author }),
    config,
    rootfs: { type: 'layers', diff_ids: [...rootfs.diff_ids, ...(layer ? [layer.digest] : [])] },
    history: [...history, entry],
  };
}
