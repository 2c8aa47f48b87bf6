import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '../..');

const filesBelow = (directory: string): string[] =>
  readdirSync(path.join(ROOT, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(ROOT, path.join(entry.parentPath, entry.name)));

const FILES = ['src', 'native', 'scripts', 'test', 'rootfs-fixtures', 'docs'].flatMap(filesBelow);
const ENDS = new Set(
  FILES.flatMap((file) => file.split('/').map((_, at, parts) => parts.slice(at).join('/'))),
);

/** Files of ours by what they end in: a `.h` may well be the kernel's. `VERB.ts` stands for many. */
const NAMED = /(?<!\.)\b[\w./-]*\w\.(?:ts|cc|mjs|def)\b/g;

/** Names of files in a text that there are none of, by their path or the end of it. */
const strangers = (text: string): string[] =>
  [...text.matchAll(NAMED)]
    .map(([name]) => name.replace(/^[./]+/, ''))
    .filter((name) => !ENDS.has(name) && !/[A-Z]{3}/.test(name));

/** A file's comments: `// …`, and the lines of a block. */
const commentsOf = (text: string): string =>
  text
    .split('\n')
    .map((line) => /(?:^|\s)(?:\/\/|\/?\*+|#)\s(.*)$/.exec(line)?.[1] ?? '')
    .join('\n');

test('a file that a comment names is there', () => {
  const sources = FILES.filter((file) => /\.(ts|mjs|cc|h|def)$|^scripts\/[\w-]+$/.test(file));
  expect(sources.length).toBeGreaterThan(500);
  const lost = sources.flatMap((file) => {
    const text = readFileSync(path.join(ROOT, file), 'utf8');
    return strangers(commentsOf(text)).map((name) => `${file}: ${name}`);
  });
  expect(lost).toEqual([]);
});

test('a file that is not there is seen', () => {
  expect(strangers('as in machine.ts and runtime/no-such.ts')).toEqual(['runtime/no-such.ts']);
});

test('a file that a page names is there', () => {
  const pages = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    ...FILES.filter((file) => /^docs\/.*\.md$/.test(file)),
  ];
  const lost = pages.flatMap((page) =>
    strangers(readFileSync(path.join(ROOT, page), 'utf8')).map((name) => `${page}: ${name}`),
  );
  expect(lost).toEqual([]);
});
