import { statSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import type { LayerStore } from '../layers.ts';
import type { ImageStore } from '../store.ts';
import type { ImageLayer } from '../types.ts';
import { inheritImplied } from './implied.ts';
import { UnpackSession } from './session.ts';

/** At once: more than the processors there are only costs memory. */
const PARALLEL = 3;

/** Unpacks the layers (bottom first) whose blobs are stored but whose trees are missing. */
export async function unpackStored(
  store: ImageStore,
  layers: LayerStore,
  wanted: readonly ImageLayer[],
): Promise<void> {
  const missing = wanted.filter((layer, i) => !layers.has(layer.diffId) && firstOf(wanted, layer) === i);
  const queue = [...missing];
  const failures: unknown[] = [];
  const work = async () => {
    for (let layer = queue.shift(); layer && failures.length === 0; layer = queue.shift())
      await unpackOne(store, layers, layer).catch((error) => failures.push(error));
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  if (failures.length > 0) throw failures[0];
  inheritImplied(layers, wanted, missing);
}

const firstOf = (layers: readonly ImageLayer[], layer: ImageLayer): number =>
  layers.findIndex((other) => other.diffId === layer.diffId);

async function unpackOne(store: ImageStore, layers: LayerStore, layer: ImageLayer): Promise<void> {
  const blob = store.blobPath(layer.digest);
  const size = statSync(blob, { throwIfNoEntry: false })?.size;
  if (size === undefined)
    throw new TinyrunError('STORE_DAMAGED', `layer ${layer.digest} is neither unpacked nor stored as a blob`);
  const session = await UnpackSession.open(layers, { diffId: layer.diffId, blob });
  session?.grow(size);
  await session?.commit();
}
