import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { dict } from '../store/dict.ts';
import { digestOf } from './digest.ts';
import type { StoredImage } from './entry.ts';
import { familiarReference, parseReference } from './reference.ts';
import type { ImageStore } from './store.ts';
import { END, encodeEntry, padding, plain } from './tar/write.ts';
import { ANNOTATION, type Descriptor, type Index, MEDIA } from './types.ts';

/** One image to save, under the names it was asked for by. */
export interface Saved {
  readonly entry: StoredImage;
  /** Full names; none when it was asked for by id. */
  readonly names: readonly string[];
}

/**
 * An archive that both docker load and readers of OCI layouts understand, as docker save has written since 25.0:
 * an OCI layout with a manifest.json beside it. Blobs go in as they are stored.
 */
export async function* saveArchive(store: ImageStore, images: readonly Saved[]): AsyncGenerator<Buffer> {
  const documents = [
    { name: 'oci-layout', text: '{"imageLayoutVersion":"1.0.0"}' },
    { name: 'index.json', text: JSON.stringify(ociIndex(images)) },
    { name: 'manifest.json', text: JSON.stringify(images.map((image) => dockerManifest(store, image))) },
    { name: 'repositories', text: JSON.stringify(repositories(store, images)) },
  ];
  yield* directory('blobs/');
  yield* directory('blobs/sha256/');
  const blobs = new Set(images.flatMap(({ entry }) => blobsOf(store, entry)));
  for (const digest of blobs) yield* file(pathOf(digest), store.blobPath(digest));
  for (const { name, text } of documents) {
    const bytes = Buffer.from(text);
    yield encodeEntry({ ...plain(bytes.length), name });
    yield Buffer.concat([bytes, padding(bytes.length)]);
  }
  yield END;
}

const pathOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

function blobsOf(store: ImageStore, entry: StoredImage): string[] {
  const { manifest, layers } = store.record(entry);
  const missing = layers.find(({ digest }) => !store.hasBlob(digest));
  if (missing)
    throw new TinyrunError('STORE_DAMAGED', `layer ${missing.digest} of ${entry.id} is not stored as a blob`);
  return [...layers.map(({ digest }) => digest), manifest.config.digest, entry.digest];
}

function ociIndex(images: readonly Saved[]): Index {
  const manifests = images.flatMap(({ entry, names }) => {
    const { mediaType, digest, manifestSize: size, platform } = entry;
    const descriptor: Descriptor = { mediaType, digest, size, platform };
    if (names.length === 0) return [descriptor];
    return names.map((name) => ({ ...descriptor, annotations: annotationsOf(name) }));
  });
  return { schemaVersion: 2, mediaType: MEDIA.index, manifests };
}

const annotationsOf = (name: string) => ({
  [ANNOTATION.containerdName]: name,
  [ANNOTATION.refName]: parseReference(name).tag ?? '',
});

function dockerManifest(store: ImageStore, { entry, names }: Saved): object {
  const { layers, manifest } = store.record(entry);
  const sources = layers.map(
    ({ diffId, digest, mediaType, size }) => [diffId, { mediaType, size, digest }] as const,
  );
  return {
    Config: pathOf(manifest.config.digest),
    RepoTags: names.map((name) => familiarReference(parseReference(name))),
    Layers: layers.map(({ digest }) => pathOf(digest)),
    LayerSources: Object.fromEntries(sources),
  };
}

/** The file of Docker 1.9 and before: repository → tag → id of the top layer. */
function repositories(store: ImageStore, images: readonly Saved[]): Record<string, Record<string, string>> {
  const found = dict<Record<string, Record<string, string>>>({});
  for (const { entry, names } of images) {
    const top = store.record(entry).layers.at(-1)?.digest ?? digestOf('');
    for (const name of names) {
      const familiar = familiarReference(parseReference(name));
      const colon = familiar.lastIndexOf(':');
      const repository = familiar.slice(0, colon);
      found[repository] = { ...found[repository], [familiar.slice(colon + 1)]: top.slice(7) };
    }
  }
  return found;
}

function* directory(name: string): Generator<Buffer> {
  yield encodeEntry({ ...plain(0), type: 'directory', mode: 0o755, name });
}

const PIECE = 1 << 20;

function* file(name: string, path: string): Generator<Buffer> {
  const { size } = statSync(path);
  yield encodeEntry({ ...plain(size), name });
  const fd = openSync(path, 'r');
  try {
    for (let at = 0; at < size; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, size - at));
      const length = readSync(fd, piece, 0, piece.length, at);
      if (length === 0) throw new TinyrunError('STORE_DAMAGED', `${path} is shorter than it was`);
      at += length;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(fd);
  }
  yield padding(size);
}
