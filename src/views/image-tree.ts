import type { LayerTree } from '../image/tree.ts';
import { humanSize } from './units.ts';

/** A layer in a line: the `i`th from below, counted from 0. */
export function layerLine({ diffId, size, changes, wasted }: LayerTree, i: number): string {
  const waste = wasted > 0 ? `, hides ${humanSize(wasted)} of the layers below` : '';
  return `layer ${i + 1}  ${diffId.slice(7, 19)}  ${humanSize(size)}, ${changes.length} files${waste}`;
}

/** What all layers come to, and how much of it a container sees. */
export function efficiency(layers: readonly LayerTree[]): string {
  const total = layers.reduce((sum, layer) => sum + layer.size, 0);
  const wasted = layers.reduce((sum, layer) => sum + layer.wasted, 0);
  const share = total > 0 ? ((1 - wasted / total) * 100).toFixed(1) : '100';
  const count = layers.length === 1 ? '1 layer' : `${layers.length} layers`;
  return `${count}, ${humanSize(total)}, of which ${humanSize(wasted)} wasted: ${share} % efficient`;
}
