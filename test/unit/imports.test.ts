import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const SRC = path.resolve(import.meta.dirname, '../../src');

// A room may import from those on later lines, from itself, and from the leaves. Rooms on one line are strangers.
const ORDER = [
  ['main', 'index'],
  ['cli', 'tinyrunc', 'api', 'library', 'lessons'],
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

/** What costs a start milliseconds. */
const HEAVY = 'child_process crypto http https net tls v8 worker_threads zlib'.split(' ');

/** Files of verbs that are to start at once, most from the start-up snapshot: what they need seldom is loaded then. */
const HOT = ['run', 'exec', 'ps', 'images'].map((verb) => `cli/commands/${verb}.ts`);

/** The built-ins that importing a file loads with it. */
function loads(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const text = readFileSync(path.join(SRC, file), 'utf8').replaceAll(/^(?:im|ex)port type [^;]*;$/gm, '');
  const found = [...text.matchAll(/^(?:im|ex)port [^;]*?from '([^']*)';/gm)].map((match) => match[1] ?? '');
  const own = found.filter((name) => name.startsWith('node:')).map((name) => name.slice('node:'.length));
  const near = found.filter((name) => name.startsWith('.'));
  return [...own, ...near.flatMap((name) => loads(path.join(path.dirname(file), name), seen))];
}

test('of the command line only whole verbs are imported late, and what loads heavy built-ins; no verb imports another', () => {
  const files = sources().filter((file) => file.startsWith('cli/') && file !== 'cli/verbs.ts');
  const late = files.flatMap((file) => {
    const text = readFileSync(path.join(SRC, file), 'utf8');
    const targets = [...text.matchAll(/\bimport\(\s*'(\.[^']*)'/g)].map(([, name = '']) => name);
    return targets.map((name) => [file, path.join(path.dirname(file), name)] as const);
  });
  const noise = late.filter(
    ([file, target]) => !HOT.includes(file) && !loads(target).some((name) => HEAVY.includes(name)),
  );
  expect(noise).toEqual([]);
  expect(late.length).toBeGreaterThan(noise.length + HOT.length);
  const verbs = files.filter((file) => file.startsWith('cli/commands/'));
  expect(verbs.filter((file) => imports(file).some((name) => name.startsWith('cli/commands/')))).toEqual([]);
});

test('importing a verb loads nothing heavy', () => {
  const verbs = sources().filter((file) => file.startsWith('cli/commands/'));
  const heavy = verbs.filter((file) => loads(file).some((name) => HEAVY.includes(name)));
  expect(heavy).toEqual([]);
  expect(loads('cli/pull-report.ts')).toContain('http');
});

/** What a program says: its text without its comments. */
const said = (file: string): string =>
  readFileSync(path.join(SRC, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

test('a user of one face is never sent to the other: only src/tinyrunc says tinyrunc', () => {
  const below = ['runtime', 'engine', 'image', 'plan', 'store'];
  const told = sources().filter((file) => below.includes(room(file)) && said(file).includes('tinyrunc'));
  expect(told).toEqual([]);
  expect(said('tinyrunc/refusals.ts')).toContain('tinyrunc state');
  expect(said('tinyrunc/refusals.ts')).not.toContain("runc's words");
});
