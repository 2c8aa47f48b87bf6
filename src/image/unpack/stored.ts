import { statSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import type { LayerStore } from '../layers.ts';
import { inParallel } from '../parallel.ts';
import type { ImageStore } from '../store.ts';
import type { ImageLayer } from '../types.ts';
import { inheritImplied } from './implied.ts';
import { UnpackSession } from './session.ts';

/** More than the processors there are only costs memory. */
const AT_ONCE = 3;

/** Unpacks the layers (bottom first) whose blobs are stored but whose trees are missing. */
export async function unpackStored(
  store: ImageStore,
  layers: LayerStore,
  wanted: readonly ImageLayer[],
): Promise<void> {
  const missing = wanted.filter((layer, i) => !layers.has(layer.diffId) && firstOf(wanted, layer) === i);
  await inParallel(missing, AT_ONCE, undefined, (layer) => unpackOne(store, layers, layer));
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
