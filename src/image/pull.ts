import { TinyrunError } from '../errors.ts';
import { Ingest, putBlob } from './blobs.ts';
import { parseConfig } from './documents.ts';
import { platformOf, type StoredImage } from './entry.ts';
import { adding } from './gc.ts';
import { LayerFetch } from './layer-fetch.ts';
import { LayerStore } from './layers.ts';
import { inParallel } from './parallel.ts';
import { choosePlatform, formatPlatform, hostPlatform, requireLinux, requirePlatform } from './platform.ts';
import { type LayerStatus, type OnProgress, shortDigest } from './progress.ts';
import { formatReference, type Reference, repositoryOf } from './reference.ts';
import { register } from './register.ts';
import { download } from './registry/download.ts';
import type { ClientOptions } from './registry/endpoint.ts';
import { type FetchedDocument, Repository } from './registry/repository.ts';
import type { ImageStore } from './store.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageLayer,
  type Manifest,
  MEDIA,
  type Platform,
} from './types.ts';
import { inheritImplied } from './unpack/implied.ts';
import type { Limits } from './unpack/limits.ts';

export interface PullOptions {
  /** Default: this machine's. */
  readonly platform?: Platform | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The registry has it: now the work begins. */
  readonly onFound?: (() => void) | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly limits?: Limits | undefined;
  readonly client?: ClientOptions | undefined;
}

export interface Pulled {
  readonly image: StoredImage;
  /** What the registry has under the name: an index's digest where it is one. */
  readonly digest: string;
  /** The name was there already, with this image. */
  readonly upToDate: boolean;
}

/** Docker's and containerd's number. */
const AT_ONCE = 3;

/**
 * Pulls an image: what is held is not downloaded, layers unpack while they download, and the image is entered
 * into the index when all of it is stored and verified, not before.
 * @throws TinyrunError of references, registries, documents and layers; AbortError when the signal aborts
 */
export async function pull(
  store: ImageStore,
  reference: Reference,
  options: PullOptions = {},
): Promise<Pulled> {
  const repository = new Repository(reference, options.client);
  try {
    const name = reference.digest ?? reference.tag ?? 'latest';
    const top = await repository.fetchDocument(name, options.signal);
    const found = await platformManifest(repository, top, options);
    options.onFound?.();
    return await adding(store, async () => {
      const config = await fetchImage(store, repository, found, options);
      return enter(store, reference, top, found, config);
    });
  } finally {
    repository.close();
  }
}

interface Found extends FetchedDocument {
  readonly manifest: Manifest;
}

/** The manifest for the wanted platform, behind an index where the name is one. */
async function platformManifest(
  repository: Repository,
  top: FetchedDocument,
  options: PullOptions,
): Promise<Found> {
  if (top.document.kind === 'manifest') return { ...top, manifest: top.document.manifest };
  const platform = options.platform ?? hostPlatform();
  const chosen = choosePlatform(top.document.index.manifests, platform);
  if (!chosen)
    throw new TinyrunError(
      'NO_SUCH_PLATFORM',
      `${repositoryOf(repository.reference)} has no image for ${formatPlatform(platform)}; it has ${offered(top)}`,
    );
  const inner = await repository.fetchDocument(chosen.digest, options.signal, chosen);
  if (inner.document.kind === 'manifest') return { ...inner, manifest: inner.document.manifest };
  throw new TinyrunError(
    'BAD_IMAGE',
    `index ${top.descriptor.digest} holds another index for ${formatPlatform(platform)}`,
  );
}

function offered({ document }: FetchedDocument): string {
  const platforms =
    document.kind === 'index' ? document.index.manifests.flatMap((one) => one.platform ?? []) : [];
  const known = platforms.map(formatPlatform).filter((text) => !text.startsWith('unknown'));
  return [...new Set(known)].join(', ') || 'none that says its platform';
}

const CONFIG_TYPES: readonly string[] = [MEDIA.config, MEDIA.dockerConfig];

/** Config and layers: stored and unpacked when it resolves. */
async function fetchImage(
  store: ImageStore,
  repository: Repository,
  { manifest }: Found,
  options: PullOptions,
): Promise<ImageConfig> {
  if (!CONFIG_TYPES.includes(manifest.config.mediaType))
    throw new TinyrunError(
      'BAD_IMAGE',
      `${repositoryOf(repository.reference)} is no container image: its config is ${manifest.config.mediaType}`,
    );
  await fetchBlob(store, repository, manifest.config, options.signal);
  const config = parseConfig(
    store.readBlob(manifest.config.digest),
    manifest,
    `config ${manifest.config.digest}`,
  );
  const name = repositoryOf(repository.reference);
  requirePlatform(options.platform, platformOf(config), name);
  requireLinux(config, name);
  const layers = manifest.layers.map(
    (layer, i): ImageLayer => ({ ...layer, diffId: config.rootfs.diff_ids[i] ?? '' }),
  );
  // Of an image that is here by another name Docker shows no layers.
  const known = store.list().some(({ id }) => id === manifest.config.digest);
  await fetchLayers(store, repository, layers, known ? { ...options, onProgress: undefined } : options);
  return config;
}

async function fetchBlob(
  store: ImageStore,
  repository: Repository,
  blob: Descriptor,
  signal?: AbortSignal,
): Promise<void> {
  const ingest = await Ingest.open(store, blob);
  if (!ingest) return;
  try {
    await download(repository, ingest, { signal, onBytes: () => undefined });
    ingest.verify();
  } catch (error) {
    ingest.suspend();
    throw error;
  }
  await ingest.commit();
}

async function fetchLayers(
  store: ImageStore,
  repository: Repository,
  layers: readonly ImageLayer[],
  { signal, onProgress = () => undefined, limits }: PullOptions,
): Promise<void> {
  const report = ({ digest }: ImageLayer, status: LayerStatus) =>
    onProgress({ id: shortDigest(digest), status });
  const trees = new LayerStore(store.dataRoot);
  const distinct = layers.filter(
    (layer, i) => layers.findIndex((other) => other.digest === layer.digest) === i,
  );
  const fresh = distinct.filter((layer) => !trees.has(layer.diffId));
  const isHeld = ({ digest, diffId }: ImageLayer) => trees.has(diffId) && store.hasBlob(digest);
  const missing = distinct.filter((layer) => !isHeld(layer));
  for (const layer of distinct)
    report(layer, missing.includes(layer) ? 'Pulling fs layer' : 'Already exists');
  for (const layer of missing.slice(AT_ONCE)) report(layer, 'Waiting');
  await inParallel(missing, AT_ONCE, signal, async (layer, stop) => {
    const fetch = new LayerFetch(store, trees, repository, layer, onProgress, limits);
    await fetch.run(stop);
  });
  inheritImplied(trees, layers, fresh);
}

/** Manifest and name: from here on the image exists. */
async function enter(
  store: ImageStore,
  reference: Reference,
  top: FetchedDocument,
  found: Found,
  config: ImageConfig,
): Promise<Pulled> {
  for (const { bytes, descriptor } of [top, found]) putBlob(store, bytes, descriptor.mediaType);
  const { digest } = top.descriptor;
  const name = nameOf(reference);
  const canonical = `${repositoryOf(reference)}@${digest}`;
  const known = store.list();
  const before =
    name === undefined
      ? known.find((entry) => entry.repoDigests.includes(canonical))
      : known.find((entry) => entry.name === name);
  const image = await register(store, {
    manifest: found.descriptor,
    configDigest: found.manifest.config.digest,
    config,
    ...(name !== undefined && { name }),
    repoDigests: [canonical],
  });
  return {
    image,
    digest,
    upToDate: before?.id === image.id && before.repoDigests.includes(canonical),
  };
}

/** A digest alone gives no name. */
function nameOf({ digest, ...named }: Reference): string | undefined {
  return named.tag === undefined && digest !== undefined ? undefined : formatReference(named);
}
