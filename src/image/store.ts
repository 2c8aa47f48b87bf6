import { existsSync, readFileSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { lock } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { readIfExists } from '../store/read.ts';
import { readImageConfig } from './config.ts';
import { fromDescriptor, type StoredImage, toDescriptor } from './entry.ts';
import { platformRank } from './platform.ts';
import {
  formatReference,
  parseIdPrefix,
  parseNamed,
  parseReference,
  repositoryOf,
  tagName,
} from './reference.ts';
import type { Descriptor, ImageRecord, Index, Manifest, Platform } from './types.ts';
import { MEDIA } from './types.ts';

const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';

/**
 * The images of a data root, as an OCI image layout (image-layout.md) under `<dataRoot>/images`. Reading needs
 * no lock: index.json is replaced whole and blobs never change. What hashes lives in blobs.ts, so that `run`
 * does not load node:crypto.
 */
export class ImageStore {
  /** The layout's directory. */
  readonly root: string;
  constructor(readonly dataRoot: string) {
    this.root = join(dataRoot, 'images');
  }

  /** Every entry: an image with three names is three of them. */
  list(): StoredImage[] {
    return this.#readIndex().manifests.flatMap((descriptor) => fromDescriptor(descriptor) ?? []);
  }

  /** Everything index.json names, entries of others too. */
  descriptors(): Descriptor[] {
    return this.#readIndex().manifests;
  }

  /**
   * The entry of a name (`alpine`, `host/name:tag`, `name@sha256:…`) or of an id or its prefix.
   * @throws TinyrunError INVALID_REFERENCE, AMBIGUOUS_ID
   */
  find(text: string, entries: readonly StoredImage[] = this.list()): StoredImage | undefined {
    const prefix = parseIdPrefix(text);
    if (prefix !== undefined && prefix.length === 64)
      return entries.find((entry) => entry.id === `sha256:${prefix}`);
    if (text.startsWith('sha256:')) return this.#byPrefix(prefix, text, entries);
    return byReference(text, entries) ?? this.#byPrefix(prefix, text, entries);
  }

  #byPrefix(
    prefix: string | undefined,
    text: string,
    entries: readonly StoredImage[],
  ): StoredImage | undefined {
    if (prefix === undefined) return undefined;
    const found = entries.filter((entry) => entry.id.startsWith(`sha256:${prefix}`));
    if (new Set(found.map((entry) => entry.id)).size > 1)
      throw new TinyrunError('AMBIGUOUS_ID', `image id ${text}: several images start with it`);
    return found[0];
  }

  /**
   * The image of a name or id, three small reads and no hashing; undefined when there is none or it is for
   * another platform than the one asked for.
   * @throws TinyrunError STORE_DAMAGED
   */
  resolve(text: string, platform?: Platform): ImageRecord | undefined {
    const entry = this.find(text);
    if (!entry || (platform && platformRank(platform, entry.platform) === undefined)) return undefined;
    return this.record(entry);
  }

  /** The documents of an entry. */
  record(entry: StoredImage): ImageRecord {
    const manifest = this.readJson(entry.digest) as Manifest;
    const config = readImageConfig(this.readJson(entry.id), `config ${entry.id}`);
    const layers = manifest.layers.map(({ digest, mediaType, size }, i) => ({
      diffId: config.rootfs.diff_ids[i] ?? '',
      digest,
      mediaType,
      size,
    }));
    const { id, digest, name } = entry;
    return { id, digest, config, manifest, layers, ...(name !== undefined && { reference: name }) };
  }

  blobPath(digest: string): string {
    return join(this.root, 'blobs', digest.replace(':', '/'));
  }

  hasBlob(digest: string): boolean {
    return existsSync(this.blobPath(digest));
  }

  readBlob(digest: string): Buffer {
    try {
      return readFileSync(this.blobPath(digest));
    } catch (cause) {
      throw new TinyrunError('STORE_DAMAGED', `blob ${digest} of the image store cannot be read`, { cause });
    }
  }

  readJson(digest: string): unknown {
    const text = this.readBlob(digest).toString('utf8');
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new TinyrunError('STORE_DAMAGED', `blob ${digest} of the image store is not JSON`, { cause });
    }
  }

  /** Makes the layout's directories and files where they are missing. */
  init(): void {
    ensureDir(join(this.root, 'blobs', 'sha256'));
    ensureDir(join(this.root, 'ingest'));
    if (readIfExists(join(this.root, 'oci-layout')) === undefined)
      writeFileAtomic(join(this.root, 'oci-layout'), LAYOUT, { mode: 0o644 });
  }

  /** Changes index.json under its lock; entries that are not ours stay as they are. */
  async update<T>(
    change: (entries: StoredImage[]) => { entries: readonly StoredImage[]; result: T },
  ): Promise<T> {
    this.init();
    const held = await lock(join(this.root, 'index.lock'));
    try {
      const index = this.#readIndex();
      const foreign = index.manifests.filter((descriptor) => fromDescriptor(descriptor) === undefined);
      const ours = index.manifests.flatMap((descriptor) => fromDescriptor(descriptor) ?? []);
      const { entries, result } = change(ours);
      this.#writeIndex({ ...index, manifests: [...entries.map(toDescriptor), ...foreign] });
      return result;
    } finally {
      held.release();
    }
  }

  /** Adds an image, giving it a name; an image that loses the name stays as a dangling one. */
  async add(image: StoredImage): Promise<void> {
    await this.update((entries) => ({ entries: withEntry(entries, image), result: undefined }));
  }

  /** Gives a stored image another name. */
  async tag(image: StoredImage, name: string): Promise<void> {
    await this.add({ ...image, name: tagName(name), repoDigests: [] });
  }

  #readIndex(): Index {
    const text = readIfExists(join(this.root, 'index.json'));
    if (text === undefined) return { schemaVersion: 2, mediaType: MEDIA.index, manifests: [] };
    try {
      const index = JSON.parse(text) as Index;
      if (Array.isArray(index.manifests)) return index;
      throw new SyntaxError('it has no list "manifests"');
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new TinyrunError('STORE_DAMAGED', `${join(this.root, 'index.json')}: ${why}`, { cause });
    }
  }

  #writeIndex(index: Index & { manifests: Descriptor[] }): void {
    const path = join(this.root, 'index.json');
    writeFileAtomic(path, JSON.stringify(index), { mode: 0o644, durable: true });
  }
}

function byReference(text: string, entries: readonly StoredImage[]): StoredImage | undefined {
  if (/^[0-9a-f]{64}$/.test(text)) return undefined;
  const reference = parseReference(text);
  if (reference.digest === undefined) {
    const full = formatReference(reference);
    return entries.find((entry) => entry.name === full);
  }
  const canonical = `${repositoryOf(reference)}@${reference.digest}`;
  return entries.find((entry) => entry.repoDigests.includes(canonical));
}

/**
 * The entries with `image` in. The name moves to it; whoever had it keeps living without one when that was its
 * last. A nameless entry goes once its image has a name.
 */
export function withEntry(entries: readonly StoredImage[], image: StoredImage): StoredImage[] {
  const same = entries.find(
    (entry) => entry.name === image.name && entry.id === image.id && entry.digest === image.digest,
  );
  const merged = same ? { ...image, repoDigests: union(same.repoDigests, image.repoDigests) } : image;
  const rest = entries.filter((entry) => entry.name !== image.name || image.name === undefined);
  const kept = rest.filter((entry) => entry.name !== undefined || entry.id !== image.id);
  const loser = entries.find(
    (entry) => image.name !== undefined && entry.name === image.name && entry.id !== image.id,
  );
  const survives = loser && !kept.some((entry) => entry.id === loser.id);
  return [...kept, ...(survives ? [dangling(loser)] : []), merged];
}

/** The entry without its name; what its repository called it by digest stays. */
export function dangling(entry: StoredImage): StoredImage {
  const { name: _, ...rest } = entry;
  return rest;
}

const union = (a: readonly string[], b: readonly string[]): string[] => [...new Set([...a, ...b])];

/** A name as the index has it: full, with its tag; a digest reference has no tag. */
export function indexName(text: string): string | undefined {
  const reference = parseNamed(text);
  if (reference.tag === undefined && reference.digest !== undefined) return undefined;
  const { digest: _, ...named } = reference;
  return formatReference(named.tag === undefined ? { ...named, tag: 'latest' } : named);
}
