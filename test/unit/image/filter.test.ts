import { describe, expect, test } from 'vitest';
import { namedBy, parseFilters, parseUntil } from '../../../src/image/filter.ts';

// What docker images lists for the same patterns.
test.each([
  ['debian', 'debian:12', true],
  ['debian', 'r.example/debian:12', false],
  ['debian', 'my-debian:12', false],
  ['deb*', 'debian:12', true],
  ['debian:1?', 'debian:12', true],
  ['debian:*', 'debian:12', true],
  ['*', 'debian:12', true],
  ['*', 'team/debian:12', false],
  ['*/*', 'team/debian:12', true],
  ['*:12', 'team/debian:12', false],
  ['127.0.0.1:5000/*', '127.0.0.1:5000/debian:12', true],
  ['127.0.0.1:5000/debian', '127.0.0.1:5000/debian:12', true],
  ['127.0.0.1:5000', '127.0.0.1:5000/debian:12', false],
  ['[c-e]ebian', 'debian:12', true],
  ['[^c-e]ebian', 'debian:12', false],
  ['d\\ebian', 'debian:12', true],
  ['debian', `debian@sha256:${'a'.repeat(64)}`, true],
  ['debia.', 'debian:12', false],
])('reference=%s means %s: %s', (pattern, name, meant) => {
  expect(namedBy([pattern])(name)).toBe(meant);
});

test.each(['[a', '[z-a]', 'a[]'])('%s is no pattern', (pattern) => {
  expect(() => namedBy([pattern])).toThrow(`bad pattern "${pattern}"`);
});

describe('until', () => {
  const now = Date.parse('2026-01-02T00:00:00Z');
  test.each([
    ['24h', '2026-01-01T00:00:00Z'],
    ['1h30m', '2026-01-01T22:30:00Z'],
    ['2025-05-01', '2025-05-01T00:00:00Z'],
    ['1700000000', '2023-11-14T22:13:20Z'],
  ])('%s', (text, time) => {
    expect(parseUntil(text, now)).toBe(Date.parse(time));
  });
});

test('a filter is read as docker reads it: keys in any case, blanks around both, nothing for nothing', () => {
  const known = ['label', 'label!'];
  const given = [' LABEL = a=b ', '', 'label=c', 'label!=d'];
  expect([...parseFilters(given, known)]).toEqual([
    ['label', ['a=b', 'c']],
    ['label!', ['d']],
  ]);
  expect(() => parseFilters(['label'], known)).toThrow('bad format of filter "label": expected name=value');
  expect(() => parseFilters(['nope=1'], known)).toThrow("invalid filter 'nope'");
});
