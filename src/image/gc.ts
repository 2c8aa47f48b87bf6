import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { AT_FDCWD, native } from '../native/index.ts';
import { join } from '../store/join.ts';
import { lock, tryLock } from '../store/lock.ts';
import { parseDocument } from './documents.ts';
import { LayerStore } from './layers.ts';
import type { ImageStore } from './store.ts';

/** What others still need, beside what the index names. */
export interface InUse {
  /** Paths of the layers that containers are mounted from. */
  readonly trees: readonly string[];
}

const lockPath = (store: ImageStore): string => join(store.root, 'gc.lock');
/** Left when the sweep had to give way; whoever was in its way does it afterwards. */
const pendingPath = (store: ImageStore): string => join(store.root, 'gc.pending');

/** Runs what adds blobs that the index does not name yet: no sweep takes them away meanwhile. */
export async function adding<T>(store: ImageStore, task: () => Promise<T>): Promise<T> {
  store.init();
  const held = await lock(lockPath(store), 'shared');
  try {
    return await task();
  } finally {
    held.release();
  }
}

/** `adding` with a directory below `ingest` to work in, gone afterwards. */
export function addingIn<T>(
  store: ImageStore,
  prefix: string,
  task: (directory: string) => Promise<T>,
): Promise<T> {
  return adding(store, async () => {
    const directory = mkdtempSync(join(store.root, 'ingest', prefix));
    try {
      return await task(directory);
    } finally {
      native().removeTree(AT_FDCWD, directory);
    }
  });
}

/**
 * Removes blobs and layers that no entry of the index and no container needs. Answers the bytes freed, or undefined
 * when images are being added just now: then it is done once they are. `partial`: also what interrupted commands had
 * received, which the next pull would go on from.
 */
export function sweep(store: ImageStore, inUse: InUse, partial = false): number | undefined {
  store.init();
  const held = tryLock(lockPath(store));
  if (!held) {
    writeFileSync(pendingPath(store), '', { mode: 0o600 });
    return undefined;
  }
  try {
    rmSync(pendingPath(store), { force: true });
    return sweepBlobs(store) + sweepLayers(store, inUse) + (partial ? sweepIngest(store) : 0);
  } finally {
    held.release();
  }
}

export const isSweepPending = (store: ImageStore): boolean => existsSync(pendingPath(store));

/** Blobs and layers that nothing needs, as they lie there. */
export interface Unneeded {
  readonly path: string;
  readonly size: number;
}

/** What `sweep` would remove; nothing while images are being added. */
export function unneeded(store: ImageStore, inUse: InUse): Unneeded[] {
  store.init();
  const held = tryLock(lockPath(store));
  if (!held) return [];
  try {
    const layers = new LayerStore(store.dataRoot);
    return [
      ...unneededBlobs(store),
      ...unneededLayers(store, inUse).map((diffId) => ({
        path: layers.directory(diffId),
        size: layers.info(diffId).size,
      })),
      ...abandonedIngest(store),
    ];
  } finally {
    held.release();
  }
}

function unneededBlobs(store: ImageStore): Unneeded[] {
  const needed = reachable(store);
  const blobs = join(store.root, 'blobs');
  return readdirSync(blobs).flatMap((algorithm) =>
    readdirSync(join(blobs, algorithm))
      .filter((hex) => !needed.has(`${algorithm}:${hex}`))
      .map((hex) => join(blobs, algorithm, hex))
      .map((path) => ({ path, size: statSync(path).size })),
  );
}

function sweepBlobs(store: ImageStore): number {
  const going = unneededBlobs(store);
  for (const { path } of going) rmSync(path);
  return going.reduce((sum, { size }) => sum + size, 0);
}

/** Directories that `addingIn` made; what a pull had received goes on where it stopped. */
function abandonedIngest(store: ImageStore): Unneeded[] {
  const ingest = join(store.root, 'ingest');
  return readdirSync(ingest, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ path: join(ingest, name), size: 0 }));
}

/** The same, removed: who works there holds the lock that is ours now. */
export function sweepAbandoned(store: ImageStore): void {
  store.init();
  const held = tryLock(lockPath(store));
  if (!held) return;
  try {
    for (const { path } of abandonedIngest(store)) native().removeTree(AT_FDCWD, path);
  } finally {
    held.release();
  }
}

/** Whoever receives something holds the lock that the sweep has now: what lies here has no owner. */
function sweepIngest(store: ImageStore): number {
  const ingest = join(store.root, 'ingest');
  let freed = 0;
  for (const name of readdirSync(ingest, { recursive: true, encoding: 'utf8' })) {
    const stat = lstatSync(join(ingest, name));
    if (stat.isFile()) freed += stat.size;
  }
  for (const name of readdirSync(ingest)) native().removeTree(AT_FDCWD, join(ingest, name));
  return freed;
}

/** Every blob that an entry of index.json leads to, those of others included. */
function reachable(store: ImageStore): Set<string> {
  const needed = new Set<string>();
  const queue = store.descriptors().map(({ digest }) => digest);
  for (const entry of store.list())
    queue.push(...entry.repoDigests.map((name) => name.slice(name.indexOf('@') + 1)));
  for (let digest = queue.pop(); digest !== undefined; digest = queue.pop()) {
    if (needed.has(digest) || !store.hasBlob(digest)) continue;
    needed.add(digest);
    queue.push(...namedBy(store, digest, needed));
  }
  return needed;
}

function namedBy(store: ImageStore, digest: string, needed: Set<string>): string[] {
  const document = parseDocument(store.readBlob(digest), digest);
  if (document.kind === 'index') return document.index.manifests.map((one) => one.digest);
  for (const blob of [document.manifest.config, ...document.manifest.layers]) needed.add(blob.digest);
  return [];
}

function unneededLayers(store: ImageStore, inUse: InUse): string[] {
  const layers = new LayerStore(store.dataRoot);
  const needed = new Set(store.list().flatMap((entry) => entry.diffIds));
  const mounted = new Set(inUse.trees);
  return layers.list().filter((diffId) => !needed.has(diffId) && !mounted.has(layers.link(diffId)));
}

function sweepLayers(store: ImageStore, inUse: InUse): number {
  const layers = new LayerStore(store.dataRoot);
  let freed = 0;
  for (const diffId of unneededLayers(store, inUse)) {
    freed += layers.info(diffId).size;
    layers.remove(diffId);
  }
  sweepTemporary(layers);
  return freed;
}

/** What a killed command was unpacking; what is being unpacked now is locked. */
function sweepTemporary(layers: LayerStore): void {
  for (const diffId of layers.unfinished()) {
    const held = tryLock(layers.lockPath(diffId));
    if (!held) continue;
    native().removeTree(AT_FDCWD, layers.temporary(diffId));
    rmSync(layers.lockPath(diffId), { force: true });
    held.release();
  }
}
