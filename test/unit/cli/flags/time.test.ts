import { expect, test } from 'vitest';
import { parseTime } from '../../../../src/cli/flags/parse/time.ts';
import { decimalBytesOf, durationOf } from '../../../../src/store/words.ts';

const NOW = Date.parse('2026-11-27T12:00:00Z');
const read = (text: string) => parseTime(text, '--since', NOW);

test.each([
  ['10m', '2026-11-27T11:50:00.000000000Z'],
  ['1h30m', '2026-11-27T10:30:00.000000000Z'],
  ['-1m', '2026-11-27T12:01:00.000000000Z'],
  ['1.5s', '2026-11-27T11:59:58.500000000Z'],
  ['0', '2026-11-27T12:00:00.000000000Z'],
  ['1136073600.000000001', '2006-01-01T00:00:00.000000001Z'],
  ['2026-11-27T10:00:00.5Z', '2026-11-27T10:00:00.500000000Z'],
  ['2026-11-27T10:00:00+02:00', '2026-11-27T08:00:00.000000000Z'],
])('%s', (text, time) => expect(read(text)).toBe(time));

test('a time without a zone is the host’s', () => {
  const local = new Date('2026-11-27T00:00:00').toISOString().slice(0, 19);
  for (const text of ['2026-11-27', '2026-11-27T00:00:00']) expect(read(text)).toBe(`${local}.000000000Z`);
});

test.each(['', 'soon', '2026-13-01T00:00:00Z', '1d', '1.2.3'])('no time: %j', (text) => {
  expect(() => read(text)).toThrow(/not a time/);
});

test('sizes of thousands, durations of milliseconds', () => {
  expect(['10m', '1.5GB', '20k', '7', 'x'].map(decimalBytesOf)).toEqual([
    10_000_000,
    1_500_000_000,
    20_000,
    7,
    undefined,
  ]);
  expect(['90s', '2h', '.5ms', '1d', ''].map(durationOf)).toEqual([
    90_000,
    7_200_000,
    0.5,
    undefined,
    undefined,
  ]);
});
