import { expect, test } from 'vitest';
import { isDifferent } from '../../../../src/engine/files/changes.ts';

const FILE = { mode: 0o100644, uid: 1, gid: 2, rdevMajor: 0, rdevMinor: 0, size: 3, mtimeNs: 4_000_000_005n };
const DIRECTORY = { ...FILE, mode: 0o40755 };
const none = () => [undefined, undefined];

test.each([
  ['nothing', FILE, {}, false],
  ['mode', FILE, { mode: 0o100600 }, true],
  ['kind', FILE, { mode: 0o120777 }, true],
  ['owner', FILE, { uid: 5 }, true],
  ['group', FILE, { gid: 5 }, true],
  ['device', FILE, { rdevMinor: 5 }, true],
  ['size', FILE, { size: 5 }, true],
  ['time', FILE, { mtimeNs: 4_000_000_006n }, true],
  ['time, of an archive of whole seconds', FILE, { mtimeNs: 4_000_000_000n }, false],
  ['time, another second', FILE, { mtimeNs: 5_000_000_000n }, true],
  ['size and time of a directory', DIRECTORY, { size: 5, mtimeNs: 6n }, false],
  ['mode of a directory', DIRECTORY, { mode: 0o40700 }, true],
])('%s', (_what, before, change, expected) => {
  expect(isDifferent(before, { ...before, ...change }, none)).toBe(expected);
});

test('capabilities are asked for where all else is the same', () => {
  expect(isDifferent(FILE, FILE, () => ['01', undefined])).toBe(true);
  expect(isDifferent(FILE, FILE, () => ['01', '01'])).toBe(false);
});
