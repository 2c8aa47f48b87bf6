import path from 'node:path';
import { expect, test } from 'vitest';
import { join } from '../../../src/store/join.ts';

const PARTS = [
  '',
  '/',
  '.',
  '..',
  'a',
  'a/',
  '/a',
  './a',
  '../a',
  'a/.b',
  'a/..b',
  'a..',
  'a/../b',
  '//a',
  'a//b',
  '.a',
  'é/b',
];

test('what it answers is what join of node:path answers', () => {
  const all = PARTS.flatMap((a) => [[a], ...PARTS.flatMap((b) => [[a, b], ...PARTS.map((c) => [a, b, c])])]);
  const differing = all.filter(
    ([first = '', ...names]) => join(first, ...names) !== path.join(first, ...names),
  );
  expect(differing).toEqual([]);
  expect(all.length).toBeGreaterThan(5000);
});
