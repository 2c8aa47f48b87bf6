import { TinyrunError } from '../errors.ts';
import type { StoredImage } from './entry.ts';
import { inParallel } from './parallel.ts';
import { type OnProgress, shortDigest } from './progress.ts';
import { familiarReference, formatReference, parseNamed, type Reference, repositoryOf } from './reference.ts';
import type { ClientOptions } from './registry/endpoint.ts';
import { Repository } from './registry/repository.ts';
import { putManifest, uploadBlob } from './registry/upload.ts';
import type { ImageStore } from './store.ts';
import type { Descriptor, ImageLayer } from './types.ts';

export interface PushOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly client?: ClientOptions | undefined;
  readonly chunkSize?: number;
}

export interface Pushed {
  readonly digest: string;
  readonly size: number;
}

const AT_ONCE = 3;

/**
 * Pushes a stored image under its own name. Blobs come before the manifest that names them, so that the registry
 * never has an image with holes.
 * @throws TinyrunError IMAGE_NOT_FOUND, REGISTRY, REGISTRY_DENIED
 */
export async function push(
  store: ImageStore,
  reference: Reference,
  options: PushOptions = {},
): Promise<Pushed> {
  const entry = store.find(formatReference(reference));
  if (!entry)
    throw new TinyrunError(
      'IMAGE_NOT_FOUND',
      `an image does not exist locally with the tag: ${familiarReference(reference)}`,
    );
  const repository = new Repository(reference, options.client);
  try {
    const image = store.record(entry);
    const from = mountSource(store, entry, reference);
    // top first, as Docker lists and sends them
    await pushBlobs(store, repository, [...image.layers].reverse(), from, options);
    const quiet = { ...options, onProgress: undefined };
    await pushBlobs(store, repository, [{ ...image.manifest.config, diffId: '' }], from, quiet);
    const tag = reference.tag ?? 'latest';
    await putManifest(repository, tag, store.readBlob(entry.digest), entry.mediaType, options.signal);
    await remember(store, entry, reference);
    return { digest: entry.digest, size: entry.manifestSize };
  } finally {
    repository.close();
  }
}

/** A repository of the same registry that this image was pulled from or pushed to. */
function mountSource(store: ImageStore, entry: StoredImage, reference: Reference): string | undefined {
  const known = store.list().filter(({ id }) => id === entry.id);
  const repositories = known.flatMap(({ repoDigests }) => repoDigests.map(parseNamed));
  return repositories.find(({ domain, path }) => domain === reference.domain && path !== reference.path)
    ?.path;
}

async function pushBlobs(
  store: ImageStore,
  repository: Repository,
  blobs: readonly (Descriptor & Pick<ImageLayer, 'diffId'>)[],
  mountFrom: string | undefined,
  { signal, onProgress = () => undefined, chunkSize }: PushOptions,
): Promise<void> {
  const distinct = blobs.filter((blob, i) => blobs.findIndex((other) => other.digest === blob.digest) === i);
  for (const { diffId } of distinct) onProgress({ id: shortDigest(diffId), status: 'Preparing' });
  await inParallel(distinct, AT_ONCE, signal, async (blob, stop) => {
    const id = shortDigest(blob.diffId);
    const onBytes = (current: number) => onProgress({ id, status: 'Pushing', current, total: blob.size });
    const upload = { signal: stop, mountFrom, onBytes, ...(chunkSize && { chunkSize }) };
    const how = await uploadBlob(repository, store.blobPath(blob.digest), blob, upload);
    const words = {
      exists: 'Layer already exists',
      mounted: `Mounted from ${mountFrom}`,
      pushed: 'Pushed',
    } as const;
    onProgress({ id, status: words[how] });
  });
}

/** The registry knows it by this digest now. */
async function remember(store: ImageStore, entry: StoredImage, reference: Reference): Promise<void> {
  const name = `${repositoryOf(reference)}@${entry.digest}`;
  await store.add({ ...entry, repoDigests: [...new Set([...entry.repoDigests, name])] });
}
