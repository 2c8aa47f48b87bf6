import { TinyrunError } from '../errors.ts';
import { readImageConfig } from './config.ts';
import {
  type Descriptor,
  type ImageConfig,
  INDEX_TYPES,
  type Index,
  MANIFEST_TYPES,
  type Manifest,
  MEDIA,
} from './types.ts';

/** Registries refuse larger manifests; a config is never near it. */
export const MAX_DOCUMENT = 4 << 20;
const MAX_DEPTH = 64;
const MAX_LAYERS = 500;
const MAX_MANIFESTS = 1000;

/** A manifest or an index, told apart by what it holds. */
export type Document =
  | { kind: 'manifest'; mediaType: string; manifest: Manifest }
  | { kind: 'index'; mediaType: string; index: Index };

/**
 * Parses a manifest or an index. What it is must be unambiguous (CVE-2021-41190): its own `mediaType`, the type it
 * was sent as and its members must agree, or two readers of one digest see two images.
 * @param sentAs the Content-Type, or the descriptor's media type, where there is one
 * @throws TinyrunError BAD_IMAGE
 */
export function parseDocument(bytes: Uint8Array, what: string, sentAs?: string): Document {
  const value = parseJson(bytes, what) as Record<string, unknown>;
  if (value.schemaVersion !== 2) throw bad(what, unsupportedSchema(value.schemaVersion));
  const own = value.mediaType as string | undefined;
  if (own !== undefined && typeof own !== 'string') throw bad(what, 'its mediaType is no string');
  const hasManifests = 'manifests' in value;
  const hasLayers = 'layers' in value || 'config' in value;
  if (hasManifests && hasLayers) throw bad(what, 'it has both "manifests" and "layers": it is ambiguous');
  const known = sentAs !== undefined && isDocumentType(sentAs) ? sentAs : undefined;
  if (own !== undefined && known !== undefined && own !== known)
    throw bad(what, `it was sent as ${known}, but says it is ${own}`);
  const mediaType = own ?? known ?? (hasManifests ? MEDIA.index : MEDIA.manifest);
  if (INDEX_TYPES.includes(mediaType) && hasManifests)
    return { kind: 'index', mediaType, index: checkIndex(value, what) };
  if (MANIFEST_TYPES.includes(mediaType) && hasLayers)
    return { kind: 'manifest', mediaType, manifest: checkManifest(value, what) };
  throw bad(what, `its media type ${mediaType} does not match what it holds`);
}

const isDocumentType = (type: string): boolean => INDEX_TYPES.includes(type) || MANIFEST_TYPES.includes(type);

const unsupportedSchema = (version: unknown): string =>
  version === 1
    ? 'it has Docker schema 1, which no current registry serves'
    : `its schemaVersion is ${JSON.stringify(version)}, not 2`;

/** JSON with bounds on length and depth, an object at its top. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  const value = parse(bytes, what);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw bad(what, 'it is no JSON object');
}

/** The same with a list at its top. */
export function parseList(bytes: Uint8Array, what: string): unknown[] {
  const value = parse(bytes, what);
  if (Array.isArray(value)) return value;
  throw bad(what, 'it is no list');
}

function parse(bytes: Uint8Array, what: string): unknown {
  if (bytes.length > MAX_DOCUMENT)
    throw bad(what, `it has ${bytes.length} bytes, at most ${MAX_DOCUMENT} are read`);
  checkDepth(bytes, what);
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch (cause) {
    throw bad(what, `it is not JSON: ${(cause as Error).message}`);
  }
}

/** Brackets outside of strings. */
function checkDepth(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted && byte === 0x5c) i++;
    else if (byte === 0x22) quoted = !quoted;
    else if (!quoted && (byte === 0x7b || byte === 0x5b)) depth++;
    else if (!quoted && (byte === 0x7d || byte === 0x5d)) depth--;
    if (depth > MAX_DEPTH) throw bad(what, `it is nested more than ${MAX_DEPTH} deep`);
  }
}

function checkIndex(value: Record<string, unknown>, what: string): Index {
  const index = value as unknown as Index;
  if (!Array.isArray(index.manifests)) throw bad(what, '"manifests" is no list');
  if (index.manifests.length > MAX_MANIFESTS)
    throw bad(what, `it has ${index.manifests.length} manifests, at most ${MAX_MANIFESTS} are read`);
  for (const descriptor of index.manifests) checkDescriptor(descriptor, what);
  return index;
}

function checkManifest(value: Record<string, unknown>, what: string): Manifest {
  const manifest = value as unknown as Manifest;
  checkDescriptor(manifest.config, what);
  if (!Array.isArray(manifest.layers)) throw bad(what, '"layers" is no list');
  if (manifest.layers.length > MAX_LAYERS)
    throw bad(what, `it has ${manifest.layers.length} layers, overlayfs takes ${MAX_LAYERS}`);
  for (const layer of manifest.layers) checkDescriptor(layer, what);
  return manifest;
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

function checkDescriptor(descriptor: Descriptor | undefined, what: string): void {
  if (typeof descriptor !== 'object' || descriptor === null) throw bad(what, 'a descriptor is missing');
  if (typeof descriptor.digest !== 'string' || !DIGEST.test(descriptor.digest))
    throw bad(what, `bad digest ${JSON.stringify(descriptor.digest)}`);
  if (!Number.isSafeInteger(descriptor.size) || descriptor.size < 0)
    throw bad(what, `bad size ${JSON.stringify(descriptor.size)} of ${descriptor.digest}`);
  if (typeof descriptor.mediaType !== 'string') throw bad(what, `${descriptor.digest} has no mediaType`);
}

const DIFF_ID = /^sha256:[0-9a-f]{64}$/;

/** An image config whose diff ids match the layers of its manifest. */
export function parseConfig(bytes: Uint8Array, manifest: Manifest, what: string): ImageConfig {
  const config = readImageConfig(parseJson(bytes, what), what);
  const { diff_ids: diffIds } = config.rootfs;
  if (diffIds.length !== manifest.layers.length)
    throw bad(
      what,
      `it names ${diffIds.length} diff ids, but the manifest has ${manifest.layers.length} layers`,
    );
  const wrong = diffIds.find((diffId) => !DIFF_ID.test(diffId));
  if (wrong !== undefined) throw bad(what, `bad diff id ${JSON.stringify(wrong)}`);
  return config;
}

const bad = (what: string, why: string): TinyrunError => new TinyrunError('BAD_IMAGE', `${what}: ${why}`);
