import { expect, test } from 'vitest';
// @ts-expect-error a plain script, without types
import { DAILY, BRIEF as LINES } from '../../../scripts/lib/training.mjs';
import { TABLE } from '../../../src/cli/verbs.ts';
import { BRIEF } from '../../../src/tinyrunc/verbs.ts';

test('the build learns from every verb that a snapshot is made for', () => {
  const learnt = DAILY('name').map(([verb]: string[]) => verb);
  const hot = TABLE.verbs.flatMap(({ names: [name], hot }) => (hot ? [name] : []));
  expect(hot).toEqual(['run', 'ps', 'images']);
  expect(learnt).toEqual(expect.arrayContaining(hot));
  expect(
    LINES('id')
      .map(([verb]: string[]) => verb)
      .sort(),
  ).toEqual([...BRIEF].sort());
});
