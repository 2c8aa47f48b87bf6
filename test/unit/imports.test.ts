import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../../src');

// A room may import from those on later lines, from itself, and from the leaves. Rooms on one line are strangers.
const ORDER = [
  ['main', 'index', 'snapshot'],
  ['cli', 'tinyrunc', 'api', 'lessons'],
  ['views', 'compose'],
  ['build'],
  ['engine'],
  ['image', 'network', 'volume'],
  ['runtime'],
  ['plan'],
  ['native'],
  ['boot', 'warm'],
  ['entries'],
];
const LEAVES = ['spec', 'store', 'errors'];
/** The leaves lean on nothing but these. */
const BELOW_LEAVES = ['native', 'errors'];

function sources(): string[] {
  return readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) => /\.m?ts$/.test(name));
}

/** The first part of a path below src: a directory's name, or a file's without its ending. */
function room(file: string): string {
  return (file.split('/')[0] ?? file).replace(/\.ts$/, '');
}

function imports(file: string): string[] {
  const text = readFileSync(path.join(SRC, file), 'utf8');
  const found = text.matchAll(/(?:\bfrom|\bimport|\brequire)\s*\(?\s*'(\.[^']*)'/g);
  return [...found].map((match) => path.join(path.dirname(file), match[1] ?? ''));
}

function allowed(from: string, to: string): boolean {
  if (from === to) return true;
  if (LEAVES.includes(from)) return BELOW_LEAVES.includes(to);
  if (LEAVES.includes(to)) return true;
  const rank = (name: string) => ORDER.findIndex((line) => line.includes(name));
  return rank(from) < rank(to);
}

test('every room of src has its place in the order', () => {
  const known = [...ORDER.flat(), ...LEAVES];
  const unknown = new Set(
    sources()
      .map(room)
      .filter((name) => !known.includes(name)),
  );
  expect([...unknown]).toEqual([]);
});

test('imports run one way', () => {
  const uphill = sources().flatMap((file) =>
    imports(file)
      .filter((target) => !allowed(room(file), room(target)))
      .map((target) => `${file} imports ${target}`),
  );
  expect(uphill).toEqual([]);
});

test('an uphill import is seen', () => {
  expect(allowed('plan', 'cli')).toBe(false);
  expect(allowed('image', 'network')).toBe(false);
  expect(allowed('spec', 'runtime')).toBe(false);
  expect(allowed('engine', 'native')).toBe(true);
});
