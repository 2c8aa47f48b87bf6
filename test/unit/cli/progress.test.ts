import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createProgress, formatLine } from '../../../src/cli/output/progress.ts';
import { humanSize } from '../../../src/views/units.ts';

test.each([
  [0, '0B'],
  [999, '999B'],
  [1536, '1.54kB'],
  [7_050_000, '7.05MB'],
  [124_000_000, '124MB'],
  [1_240_000_000, '1.24GB'],
])('%i bytes are %s', (bytes, text) => {
  expect(humanSize(bytes)).toBe(text);
});

test('a bar', () => {
  expect(formatLine({ id: 'abc', status: 'Downloading', current: 500_000, total: 1_000_000 })).toBe(
    `abc: Downloading [${'='.repeat(25)}>${' '.repeat(24)}]    500kB/1MB`,
  );
  expect(formatLine({ id: 'abc', status: 'Downloading', current: 10, total: 10 })).toContain(
    `[${'='.repeat(50)}]`,
  );
  expect(formatLine({ id: 'abc', status: 'Waiting' })).toBe('abc: Waiting');
});

describe('views', () => {
  const show = (terminal: { columns: number } | undefined) => {
    let out = '';
    const view = createProgress((text) => {
      out += text;
    }, terminal);
    view.update({ id: 'a', status: 'Waiting' });
    view.update({ id: 'b', status: 'Waiting' });
    view.update({ id: 'a', status: 'Downloading', current: 1, total: 2 });
    view.update({ id: 'a', status: 'Pull complete' });
    view.update({ id: 'a', status: 'Pull complete' });
    view.end();
    return out;
  };

  test('piped: a line for each change that is not a bar', () => {
    expect(show(undefined)).toBe('a: Waiting\nb: Waiting\na: Pull complete\n');
  });

  test('on a terminal: each line is rewritten where it stands', () => {
    const out = show({ columns: 200 });
    expect(out.startsWith('a: Waiting\x1b[K\r\nb: Waiting\x1b[K\r\n\x1b[2A\ra: Downloading [')).toBe(true);
    expect(out).toContain('\x1b[2A\ra: Pull complete\x1b[K\x1b[2B\r');
  });

  test('a narrow terminal cuts lines, since a wrapped one could not be rewritten', () => {
    for (const line of show({ columns: 20 }).split(/\r\n|\r/))
      expect(stripVTControlCharacters(line).length).toBeLessThan(20);
  });
});

describe('a line of progress keeps its numbers', () => {
  const line = { id: '4abcf2066143', status: 'Downloading', current: 1_049_000, total: 3_420_000 };
  test.each([
    [200, `4abcf2066143: Downloading [${'='.repeat(15)}>${' '.repeat(34)}]  1.049MB/3.42MB`],
    [79, `4abcf2066143: Downloading [${'='.repeat(10)}>${' '.repeat(24)}]  1.049MB/3.42MB`],
    [50, '4abcf2066143: Downloading [=>    ]  1.049MB/3.42MB'],
    [39, '4abcf2066143: Downloadi… 1.049MB/3.42MB'],
    [20, '4abc… 1.049MB/3.42MB'],
  ])('in %d columns', (width, text) => {
    expect(formatLine(line, width)).toBe(text);
    expect(text.length).toBeLessThanOrEqual(width);
  });
  test('a status alone is cut', () => {
    expect(formatLine({ id: 'abc', status: 'Verifying Checksum' }, 12)).toBe('abc: Verify…');
  });
});
