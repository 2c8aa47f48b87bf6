import { closeSync, constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { isTinyrunError, TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { openInside, readInside } from '../store/inside.ts';
import { join } from '../store/join.ts';
import { putBlob, putFile, putJson } from './blobs.ts';
import { readImageConfig } from './config.ts';
import { Hasher } from './digest.ts';
import { MAX_DOCUMENT, parseConfig, parseJson, parseList } from './documents.ts';
import type { StoredImage } from './entry.ts';
import { addingIn } from './gc.ts';
import { ensureUnpacked } from './layers.ts';
import { importEntry, layoutEntries } from './layout.ts';
import { hostPlatform, requireLinux } from './platform.ts';
import { tagName } from './reference.ts';
import { register } from './register.ts';
import type { ImageStore } from './store.ts';
import { type TarHandler, TarReader } from './tar/reader.ts';
import { ANNOTATION, type Descriptor, type Manifest, MEDIA, type Platform } from './types.ts';
import { decompress, detect } from './unpack/decompress.ts';
import { LayerWriter } from './unpack/writer.ts';

/** An image of the archive as it was stored; without a name where the archive has none. */
export type Loaded = StoredImage;

/** Some images of an archive are stored, then one failed: `cause` says why. */
export class PartlyLoaded extends Error {
  constructor(
    readonly loaded: readonly Loaded[],
    override readonly cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause));
  }
}

/**
 * Loads all images of a docker or OCI archive, plain or packed with gzip or zstd. The archive is unpacked like a
 * layer, into a directory of ours, so that whatever links it holds lead nowhere else.
 * @throws TinyrunError BAD_IMAGE, BAD_LAYER, DIGEST_MISMATCH, NO_SPACE; PartlyLoaded where some are stored already
 */
export async function load(
  store: ImageStore,
  source: AsyncIterable<Buffer>,
  platform: Platform = hostPlatform(),
): Promise<Loaded[]> {
  return addingIn(store, 'load-', async (directory) => {
    const root = join(directory, 'root');
    mkdirSync(root, { mode: 0o700 });
    await unpackArchive(source, root).catch(asArchive);
    return loadDirectory(store, root, platform);
  });
}

/** Unpacked like a layer it may be, but it is none: its damage is told as its own. */
function asArchive(error: unknown): never {
  if (!isTinyrunError(error, 'BAD_LAYER')) throw error;
  throw new TinyrunError('BAD_IMAGE', `not an image archive, or a damaged one: ${error.message}`, {
    cause: error,
    hint: 'load reads what save and docker save write; an archive of a file system is for tinyrun import',
  });
}

async function unpackArchive(source: AsyncIterable<Buffer>, path: string): Promise<void> {
  const root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  const writer = new LayerWriter(root, { rootless: true, linkOnlyFiles: true });
  try {
    const reader = new TarReader(onlyFiles(writer));
    await decompress(source, (chunk) => reader.push(chunk));
    reader.finish();
    writer.finish();
  } finally {
    writer.close();
    closeSync(root);
  }
}

/**
 * Image archives hold files; old docker save makes layers that are alike symbolic links to each other, and nothing
 * else is one. So no path that is read below can lead through a link to a file of the host.
 */
function onlyFiles(writer: TarHandler): TarHandler {
  return {
    entry(entry) {
      const allowed =
        ['file', 'directory', 'link'].includes(entry.type) ||
        (entry.type === 'symlink' && /\/layer\.tar$/.test(entry.name));
      if (!allowed)
        throw new TinyrunError(
          'BAD_IMAGE',
          `the archive holds a ${entry.type} ${JSON.stringify(entry.name)}: it is no image archive`,
        );
      writer.entry(entry);
    },
    data: (bytes) => writer.data(bytes),
    end: () => writer.end(),
  };
}

function loadDirectory(store: ImageStore, root: string, platform: Platform): Promise<Loaded[]> {
  const has = (name: string) => lstatSync(join(root, name), { throwIfNoEntry: false }) !== undefined;
  if (has('index.json')) return loadLayout(store, root, platform);
  if (has('manifest.json')) return loadDocker(store, root);
  throw new TinyrunError(
    'BAD_IMAGE',
    'the archive has neither index.json nor manifest.json: it is no image archive',
    {
      hint: 'a file system archive becomes an image by tinyrun import',
    },
  );
}

/** Each entry of index.json, under the name its annotations give it. */
async function loadLayout(store: ImageStore, root: string, platform: Platform): Promise<Loaded[]> {
  return inTurn(layoutEntries(root), async (entry) => [
    await importEntry(store, root, entry, nameOf(entry), { platform }),
  ]);
}

/** One image after another. What is stored when one of them fails stays, and is told. */
async function inTurn<T>(images: readonly T[], take: (image: T) => Promise<Loaded[]>): Promise<Loaded[]> {
  const loaded: Loaded[] = [];
  for (const image of images) {
    try {
      loaded.push(...(await take(image)));
    } catch (error) {
      if (loaded.length === 0) throw error;
      throw new PartlyLoaded(loaded, error);
    }
  }
  return loaded;
}

/** Docker and containerd give the whole name apart; the OCI annotation may be a tag alone, which names nothing. */
function nameOf(entry: Descriptor): string | undefined {
  const full = entry.annotations?.[ANNOTATION.containerdName];
  if (full !== undefined) return full;
  const name = entry.annotations?.[ANNOTATION.refName];
  return name?.includes(':') || name?.includes('/') ? name : undefined;
}

interface DockerImage {
  Config: string;
  RepoTags?: string[] | null;
  Layers: string[];
}

async function loadDocker(store: ImageStore, root: string): Promise<Loaded[]> {
  const images = parseList(readInside(root, 'manifest.json', MAX_DOCUMENT), 'manifest.json');
  return inTurn(images, (image) => loadDockerImage(store, root, checkImage(image)));
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

function checkImage(value: unknown): DockerImage {
  const { Config, RepoTags, Layers } = (value ?? {}) as Partial<Record<keyof DockerImage, unknown>>;
  const named = RepoTags === undefined || RepoTags === null || isStrings(RepoTags);
  if (typeof Config === 'string' && isStrings(Layers) && named)
    return { Config, Layers, RepoTags: RepoTags ?? null };
  throw new TinyrunError('BAD_IMAGE', 'manifest.json: an image is no { Config, RepoTags, Layers }');
}

async function loadDockerImage(store: ImageStore, root: string, image: DockerImage): Promise<Loaded[]> {
  const bytes = readInside(root, image.Config, MAX_DOCUMENT);
  requireLinux(
    readImageConfig(parseJson(bytes, image.Config), image.Config),
    image.RepoTags?.[0] ?? image.Config,
  );
  const config = putBlob(store, bytes, MEDIA.config);
  const layers: Descriptor[] = [];
  for (const path of image.Layers) layers.push(await putLayer(store, root, path));
  const manifest: Manifest = { schemaVersion: 2, mediaType: MEDIA.manifest, config, layers };
  const parsed = parseConfig(bytes, manifest, image.Config);
  const diffIds = parsed.rootfs.diff_ids;
  await ensureUnpacked(store, { layers: layers.map((layer, i) => ({ ...layer, diffId: diffIds[i] ?? '' })) });
  const stored = putJson(store, manifest, MEDIA.manifest);
  const names = (image.RepoTags ?? []).map(tagName);
  const base = { manifest: stored, configDigest: config.digest, config: parsed };
  if (names.length === 0) return [await register(store, base)];
  const entries: Loaded[] = [];
  for (const name of names) entries.push(await register(store, { ...base, name }));
  return entries;
}

/** A layer file as a blob: kept as it is packed. */
async function putLayer(store: ImageStore, root: string, path: string): Promise<Descriptor> {
  const { fd, size } = openInside(root, path);
  try {
    const real = `/proc/self/fd/${fd}`;
    const hasher = new Hasher();
    const first = Buffer.from(native().read(fd, 6));
    hasher.update(first);
    for (let piece = native().read(fd, 1 << 20); piece.length > 0; piece = native().read(fd, 1 << 20))
      hasher.update(piece);
    const mediaType = { gzip: MEDIA.layerGzip, zstd: MEDIA.layerZstd, none: MEDIA.layer }[detect(first)];
    const layer = { mediaType, digest: hasher.digest(), size };
    await putFile(store, real, layer);
    return layer;
  } finally {
    closeSync(fd);
  }
}
