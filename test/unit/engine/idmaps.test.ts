import { expect, test } from 'vitest';
import { subordinateStart } from '../../../src/engine/idmaps.ts';

test('the first range of the owner that holds 65536 ids', () => {
  const text = 'user:100000:65536\ntinyrun:200000:1000\ntinyrun:300000:65536\n# tinyrun:1:65536\n';
  expect(subordinateStart(text, 'tinyrun')).toBe(300000);
  expect(subordinateStart(text, 'containers')).toBeUndefined();
  expect(subordinateStart('tinyrun:x:65536\n', 'tinyrun')).toBeUndefined();
});
