import { expect, test } from 'vitest';
import { imageUsage } from '../../../src/engine/usage.ts';
import type { StoredImage } from '../../../src/image/entry.ts';
import type { ImageView } from '../../../src/image/view.ts';

const SIZES: Readonly<Record<string, number>> = { base: 100, a: 10, b: 1, lone: 1000 };
const sizeOf = (diffId: string) => SIZES[diffId] ?? 0;

const image = (id: string, ...diffIds: string[]): ImageView => ({
  id,
  entry: { id, diffIds } as unknown as StoredImage,
  tags: [],
  digests: [],
});

const IMAGES = [
  image('base', 'base'),
  image('a', 'base', 'a'),
  image('b', 'base', 'b', 'b'),
  image('lone', 'lone'),
];

test('a layer is shared when another image has it, too', () => {
  const { images, layers } = imageUsage(IMAGES, [], sizeOf);
  expect(images.map(({ view, shared, unique }) => [view.id, shared, unique])).toEqual([
    ['base', 100, 0],
    ['a', 100, 10],
    ['b', 100, 2],
    ['lone', 0, 1000],
  ]);
  expect(layers).toEqual({ size: 1111, reclaimable: 1111 });
});

test('what an image of a container has cannot be reclaimed, even where another image has it, too', () => {
  const { images, layers } = imageUsage(IMAGES, ['a', 'a', 'gone'], sizeOf);
  expect(images.map(({ containers }) => containers)).toEqual([0, 2, 0, 0]);
  expect(layers).toEqual({ size: 1111, reclaimable: 1001 });
});

test('no images', () => {
  expect(imageUsage([], [], sizeOf)).toEqual({ images: [], layers: { size: 0, reclaimable: 0 } });
});
