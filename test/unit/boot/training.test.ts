import { expect, test } from 'vitest';
// @ts-expect-error a plain script, without types
import { DAILY, BRIEF as LINES, MAKING as MADE } from '../../../scripts/lib/training.mjs';
import type { Hot } from '../../../src/cli/verb.ts';
import { TABLE } from '../../../src/cli/verbs.ts';
import { BRIEF } from '../../../src/tinyrunc/verbs.ts';

test('the build learns from every verb that a snapshot is made for', () => {
  const learnt = (lines: string[][]) => lines.map(([verb]) => verb);
  const hot = (entry: Hot['entry']) =>
    TABLE.verbs.flatMap(({ names: [name], hot: of }) => (of?.entry === entry ? [name] : []));
  expect(hot('run')).toEqual(['run']);
  expect(learnt(MADE('name'))).toEqual(expect.arrayContaining(hot('run')));
  expect(hot('main')).toEqual(['ps', 'images']);
  expect(learnt(DAILY('name').slice(1))).toEqual(expect.arrayContaining(hot('main')));
  expect(
    LINES('id')
      .map(([verb]: string[]) => verb)
      .sort(),
  ).toEqual([...BRIEF].sort());
});
