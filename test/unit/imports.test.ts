import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../../src');

// A room may import from those on later lines, from itself, and from the leaves. Rooms on one line are strangers.
const ORDER = [
  ['main', 'index'],
  ['cli', 'tinyrunc', 'api', 'lessons'],
  ['views', 'compose'],
  ['build'],
  ['engine'],
  ['image', 'network', 'volume'],
  ['runtime'],
  ['plan'],
  ['native'],
  ['boot'],
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

/** What makes Node 22 and 24 abort in a thread of a process that was started from a snapshot, by what it loads itself. */
const NOT_IN_THREADS = [
  'v8',
  'net',
  'child_process',
  'tty',
  'http',
  'https',
  'tls',
  'dgram',
  'cluster',
  'repl',
];

function builtins(file: string): string[] {
  const text = readFileSync(path.join(SRC, file), 'utf8').replaceAll(/^import type .*$/gm, '');
  return [...text.matchAll(/'node:([a-z_0-9/]+)'/g)].map((match) => match[1] ?? '');
}

function reachable(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(path.join(SRC, file), 'utf8').replaceAll(/^(?:im|ex)port type [^;]*;$/gm, '');
  for (const [, target = ''] of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']*)'/g))
    reachable(path.join(path.dirname(file), target), seen);
  return seen;
}

test('what runs in a thread loads nothing that aborts it', () => {
  const threads = sources().filter((file) => file.endsWith('/worker.ts'));
  expect(threads.length).toBeGreaterThan(0);
  const found = threads
    .flatMap((file) => [...reachable(file)])
    .flatMap((file) => builtins(file).map((name) => [file, name] as const))
    .filter(([, name]) => NOT_IN_THREADS.includes(name));
  expect(found).toEqual([]);
  expect(builtins('image/unpack/thread.ts')).toContain('v8');
});
