import { closeSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { openInside, readInside } from '../store/inside.ts';
import { putBlob, putFile } from './blobs.ts';
import { digestOf } from './digest.ts';
import { type Document, MAX_DOCUMENT, parseConfig, parseDocument } from './documents.ts';
import { platformOf, type StoredImage } from './entry.ts';
import { adding } from './gc.ts';
import { ensureUnpacked } from './layers.ts';
import { choosePlatform, formatPlatform, hostPlatform, requireLinux, requirePlatform } from './platform.ts';
import { formatReference, parseReference } from './reference.ts';
import { register } from './register.ts';
import type { ImageStore } from './store.ts';
import { ANNOTATION, type Descriptor, type ImageLayer, type Platform } from './types.ts';

export interface ImportOptions {
  /** Which image of a layout with several: its `org.opencontainers.image.ref.name`. */
  readonly refName?: string;
  readonly platform?: Platform;
}

/**
 * Copies an image of an OCI image layout directory into the store, verified and unpacked, under a name.
 * @throws TinyrunError BAD_IMAGE, NO_SUCH_PLATFORM, DIGEST_MISMATCH and those of unpacking
 */
export async function importLayout(
  store: ImageStore,
  directory: string,
  reference: string | undefined,
  options: ImportOptions = {},
): Promise<StoredImage> {
  const top = chooseEntry(directory, options);
  const wanted = { platform: options.platform ?? hostPlatform(), required: options.platform };
  return adding(store, () => importEntry(store, directory, top, reference, wanted));
}

/** One entry of a layout's index: what suits `platform` best, `required` or nothing. The caller keeps sweeps away. */
export async function importEntry(
  store: ImageStore,
  directory: string,
  top: Descriptor,
  reference: string | undefined,
  { platform, required }: { platform: Platform; required?: Platform | undefined },
): Promise<StoredImage> {
  const found = findManifest(directory, top, platform);
  const { manifest } = found;
  const configBytes = readVerified(directory, manifest.config);
  const config = parseConfig(configBytes, manifest, `config ${manifest.config.digest}`);
  requirePlatform(required, platformOf(config), reference ?? directory);
  requireLinux(config, reference ?? directory);
  for (const layer of manifest.layers) await putLayer(store, directory, layer);
  putBlob(store, configBytes, manifest.config.mediaType);
  const stored = putBlob(store, found.bytes, found.mediaType);
  const layers = manifest.layers.map(
    (layer, i): ImageLayer => ({ ...layer, diffId: config.rootfs.diff_ids[i] ?? '' }),
  );
  await ensureUnpacked(store, { layers });
  const name = reference === undefined ? {} : { name: formatReference(parseReference(reference)) };
  return register(store, { manifest: stored, configDigest: manifest.config.digest, config, ...name });
}

/** The entries of a layout's index.json. */
export function layoutEntries(directory: string): Descriptor[] {
  const document = parseDocument(readInside(directory, 'index.json', MAX_DOCUMENT), 'index.json');
  if (document.kind !== 'index') throw new TinyrunError('BAD_IMAGE', 'index.json is no index');
  return document.index.manifests;
}

function chooseEntry(directory: string, { refName }: ImportOptions): Descriptor {
  const entries = layoutEntries(directory);
  const named =
    refName === undefined
      ? entries
      : entries.filter((entry) => entry.annotations?.[ANNOTATION.refName] === refName);
  const [first] = named;
  if (!first)
    throw new TinyrunError(
      'BAD_IMAGE',
      `${directory} has no image${refName === undefined ? '' : ` named ${refName}`}`,
    );
  return first;
}

type FoundManifest = Extract<Document, { kind: 'manifest' }> & { bytes: Buffer };

/** The manifest behind an entry, through indexes where the entry is one. */
function findManifest(directory: string, entry: Descriptor, platform: Platform, depth = 0): FoundManifest {
  const bytes = readVerified(directory, entry);
  const document = parseDocument(bytes, `manifest ${entry.digest}`, entry.mediaType);
  if (document.kind === 'manifest') return { ...document, bytes };
  const chosen = choosePlatform(document.index.manifests, platform) ?? single(document.index.manifests);
  if (!chosen || depth > 3)
    throw new TinyrunError('NO_SUCH_PLATFORM', `${directory} has no image for ${formatPlatform(platform)}`);
  return findManifest(directory, chosen, platform, depth + 1);
}

/** An index with one image that names no platform. */
const single = (manifests: readonly Descriptor[]): Descriptor | undefined =>
  manifests.length === 1 && !manifests[0]?.platform ? manifests[0] : undefined;

const blobOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

async function putLayer(store: ImageStore, directory: string, layer: Descriptor): Promise<void> {
  const { fd } = openInside(directory, blobOf(layer.digest));
  try {
    await putFile(store, `/proc/self/fd/${fd}`, layer);
  } finally {
    closeSync(fd);
  }
}

function readVerified(directory: string, expected: Descriptor): Buffer {
  const path = blobOf(expected.digest);
  const bytes = readInside(directory, path, MAX_DOCUMENT);
  const digest = digestOf(bytes);
  if (digest !== expected.digest)
    throw new TinyrunError('DIGEST_MISMATCH', `${path}: its digest is ${digest}`);
  return bytes;
}
