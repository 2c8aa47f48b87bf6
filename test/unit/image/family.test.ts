import { expect, test } from 'vitest';
import type { StoredImage } from '../../../src/image/entry.ts';
import { familyOf } from '../../../src/image/family.ts';

/** id → layers and history, by their letters. */
const IMAGES: Readonly<Record<string, readonly [layers: string, history: string]>> = {
  base: ['ab', 'AB'],
  child: ['abc', 'ABC'],
  labelled: ['ab', 'ABL'],
  cousin: ['abd', 'AXD'],
  stranger: ['x', 'X'],
};
const entries = Object.entries(IMAGES).map(
  ([id, [layers]]) => ({ id, diffIds: [...layers] }) as unknown as StoredImage,
);
const store = {
  list: () => entries,
  find: (text: string) => entries.find(({ id }) => id === text),
  readJson: (id: string) => ({ history: [...(IMAGES[id]?.[1] ?? '')].map((by) => ({ created_by: by })) }),
};

test.each([
  ['base', ['base', 'child', 'labelled']],
  ['child', ['child']],
  ['labelled', ['labelled']],
  ['stranger', ['stranger']],
  ['nosuch', []],
])('of %s', (text, family) => expect([...familyOf(store, text)].sort()).toEqual(family));
