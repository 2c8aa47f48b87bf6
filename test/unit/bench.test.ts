import { describe, expect, it, test } from 'vitest';
// @ts-expect-error plain scripts, without types
import { Ending } from '../bench/lib/end.mjs';
// @ts-expect-error plain scripts, without types
import { markdown, replaceFigures } from '../bench/lib/report.mjs';
// @ts-expect-error plain scripts, without types
import { judge, summarize } from '../bench/lib/stats.mjs';

describe('summarize', () => {
  it('gives median, minimum and 95th percentile', () => {
    expect(summarize([3, 1, 2])).toEqual({ runs: 3, median: 2, min: 1, p95: 3 });
    expect(summarize([4, 1, 2, 3]).median).toBe(2.5);
    expect(summarize(Array.from({ length: 100 }, (_, i) => 100 - i)).p95).toBe(95);
    expect(
      summarize([
        { ms: 5, cpu: 10 },
        { ms: 3, cpu: 20 },
      ]),
    ).toMatchObject({ median: 4, cpu: 15 });
    expect(summarize([7])).toEqual({ runs: 1, median: 7, min: 7, p95: 7 });
  });
});

describe('judge', () => {
  const summaries = { a: { median: 30 }, b: { median: 20 } };
  it('takes factor × base + plus as the limit', () => {
    expect(judge({ contender: 'a', base: 'b', factor: 1.5 }, summaries)).toMatchObject({
      met: true,
      limit: 30,
    });
    expect(judge({ contender: 'a', base: 'b', plus: 9 }, summaries)).toMatchObject({
      met: false,
      ratio: 1.5,
    });
    expect(judge({ contender: 'a', plus: 40 }, summaries)).toMatchObject({ met: true, limit: 40 });
  });
  it('does not judge what was not measured', () => {
    expect(judge({ contender: 'x', base: 'b' }, summaries).met).toBeUndefined();
    expect(judge({ contender: 'a', base: 'x' }, summaries).met).toBeUndefined();
  });
});

describe('the report', () => {
  const result = {
    title: 'T',
    about: 'A.',
    unit: 'ms',
    base: 'b',
    summaries: { a: summarize([30]), b: summarize([20]) },
    targets: [
      judge({ what: 'W', contender: 'a', base: 'b', factor: 2 }, { a: { median: 30 }, b: { median: 20 } }),
    ],
    skipped: [{ name: 'c', why: 'is not installed' }],
  };

  it('is a table, the targets, and what is missing', () => {
    const page = markdown(result);
    expect(page).toContain('| a | 30.0 | 30.0 | 30.0 |  | 1 | 1.50 × |');
    expect(page).toContain('- W: **met** (30.0 of at most 40.0 ms)');
    expect(page).toContain('Not measured: c: is not installed.');
  });

  it('replaces the figures of one section, and adds new ones behind', () => {
    const end = '<!-- end of figures: npm run bench -- --doc writes them -->';
    const one = replaceFigures(`x\n${end}\ny`, 'run', 'first\n');
    const two = replaceFigures(one, 'exec', 'second\n');
    expect(two).toBe(`x\n<!-- figures: run -->\n\nfirst\n\n<!-- figures: exec -->\n\nsecond\n\n${end}\ny`);
    expect(replaceFigures(two, 'run', 'new\n')).toBe(two.replace('first', 'new'));
    expect(() => replaceFigures('x', 'run', 'new')).toThrow('lost');
  });
});

test('what was begun is ended last first, whatever becomes of the others', async () => {
  const done: string[] = [];
  const ending = new Ending();
  ending.atEnd(() => done.push('first'));
  ending.atEnd(async () => {
    throw new Error('busy');
  });
  ending.atEnd(async () => void done.push('last'));
  await expect(ending.end()).rejects.toThrow('not all was ended: busy');
  expect(done).toEqual(['last', 'first']);
  await ending.end();
  expect(done).toHaveLength(2);
});
