import { createReadStream } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import type { Saved } from '../image/archive.ts';
import type { StoredImage } from '../image/entry.ts';
import { sweep } from '../image/gc.ts';
import type { Pulled, PullOptions } from '../image/pull.ts';
import type { Pushed, PushOptions } from '../image/push.ts';
import { parseNamed, parseReference, tagName } from '../image/reference.ts';
import { type Removed, removeImage } from '../image/remove.ts';
import { ImageStore } from '../image/store.ts';
import type { ImageRecord, Platform } from '../image/types.ts';
import { type ImageView, views } from '../image/view.ts';
import type { Roots } from '../store/paths.ts';
import { tellImage, tellRemoved, tellTransfer } from './events/images.ts';
import { imageUsers, sweepIfPending } from './image-users.ts';

// What is done to images, with what is told of it and swept after it.

/** @throws TinyrunError IMAGE_NOT_FOUND */
function stored(store: ImageStore, name: string): StoredImage {
  const entry = store.find(name);
  if (entry) return entry;
  throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${name}`);
}

/** @throws TinyrunError of references, registries, documents and layers; AbortError */
export async function pullImage(roots: Roots, name: string, options: PullOptions = {}): Promise<Pulled> {
  const { pull } = await import('../image/pull.ts');
  const [store, reference] = [new ImageStore(roots.dataRoot), parseReference(name)];
  const pulled = await pull(store, reference, options);
  tellTransfer(roots, 'pull', reference);
  sweepIfPending(store, roots);
  return pulled;
}

/** @throws TinyrunError IMAGE_NOT_FOUND, REGISTRY, REGISTRY_DENIED; AbortError */
export async function pushImage(roots: Roots, name: string, options: PushOptions = {}): Promise<Pushed> {
  const { push } = await import('../image/push.ts');
  if (parseNamed(name).digest) throw new TinyrunError('USAGE', 'cannot push a digest reference');
  const reference = parseReference(name);
  const pushed = await push(new ImageStore(roots.dataRoot), reference, options);
  tellTransfer(roots, 'push', reference);
  return pushed;
}

/** Newest first. @throws TinyrunError for a filter that cannot be */
export async function listImages(
  { dataRoot }: Roots,
  given: readonly string[] = [],
): Promise<readonly ImageView[]> {
  const store = new ImageStore(dataRoot);
  const all = views(store.list());
  if (given.length === 0) return all;
  const { IMAGE_FILTERS, matcher, parseFilters } = await import('../image/filter.ts');
  const find = (text: string) => all.find((view) => view.id === store.find(text)?.id);
  return all.filter(matcher(parseFilters(given, IMAGE_FILTERS), find));
}

/** @throws TinyrunError IMAGE_NOT_FOUND, STORE_DAMAGED */
export function findStored({ dataRoot }: Roots, name: string): ImageRecord {
  const store = new ImageStore(dataRoot);
  return store.record(stored(store, name));
}

/** @throws TinyrunError IMAGE_NOT_FOUND, INVALID_REFERENCE */
export async function tagImage(roots: Roots, name: string, as: string): Promise<void> {
  const store = new ImageStore(roots.dataRoot);
  const entry = stored(store, name);
  await store.tag(entry, as);
  tellImage(roots, 'tag', { ...entry, name: tagName(as) });
}

/** A name of it, or all of it, with what nobody needs then. @throws TinyrunError IMAGE_NOT_FOUND, IMAGE_IN_USE */
export async function removeStored(
  roots: Roots,
  name: string,
  { force = false }: { readonly force?: boolean } = {},
): Promise<Removed> {
  const store = new ImageStore(roots.dataRoot);
  const { users, inUse } = imageUsers(roots);
  const before = store.list();
  const removed = await removeImage(store, name, { force, users });
  tellRemoved(roots, before, removed);
  sweep(store, inUse);
  return removed;
}

/** @throws TinyrunError BAD_IMAGE, BAD_LAYER, DIGEST_MISMATCH … */
export async function loadImages(
  roots: Roots,
  archive: string | AsyncIterable<Buffer>,
  { platform }: { readonly platform?: Platform } = {},
): Promise<readonly StoredImage[]> {
  const { load, PartlyLoaded } = await import('../image/load.ts');
  const source = typeof archive === 'string' ? createReadStream(archive) : archive;
  const tell = (loaded: readonly StoredImage[]) => {
    for (const image of loaded) tellImage(roots, 'load', image);
    return loaded;
  };
  try {
    return tell(await load(new ImageStore(roots.dataRoot), source, platform));
  } catch (error) {
    if (error instanceof PartlyLoaded) tell(error.loaded);
    throw error;
  }
}

/** By name with that name; by id without one. @throws TinyrunError IMAGE_NOT_FOUND, before anything of it is asked for */
export function saveImages(roots: Roots, names: readonly string[]): AsyncGenerator<Buffer> {
  const store = new ImageStore(roots.dataRoot);
  const byId = new Map<string, { entry: StoredImage; names: string[] }>();
  for (const text of names) {
    const entry = stored(store, text);
    const saved = byId.get(entry.digest) ?? { entry, names: [] };
    const isById =
      /^(?:sha256:)?[0-9a-f]{1,64}$/.test(text) && entry.id.includes(text.replace('sha256:', ''));
    const { name } = entry;
    if (name !== undefined && !isById && !saved.names.includes(name)) saved.names.push(name);
    byId.set(entry.digest, saved);
  }
  return archiveOf(roots, store, [...byId.values()]);
}

async function* archiveOf(roots: Roots, store: ImageStore, images: readonly Saved[]): AsyncGenerator<Buffer> {
  const { saveArchive } = await import('../image/archive.ts');
  yield* saveArchive(store, images);
  for (const { entry } of images) tellImage(roots, 'save', entry);
}
