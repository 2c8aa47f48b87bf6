import { expect, test } from 'vitest';
// @ts-expect-error a plain script, without types
import { BRIEF as LINES } from '../../../scripts/lib/training.mjs';
import { training } from '../../../src/main.ts';
import { BRIEF } from '../../../src/tinyrunc/verbs.ts';

test('the build learns from every verb that a snapshot is made for', () => {
  expect(training.map(([verb]) => verb)).toEqual(['run', 'ps', 'images']);
  expect(
    LINES('id')
      .map(([verb]: string[]) => verb)
      .sort(),
  ).toEqual([...BRIEF].sort());
});
