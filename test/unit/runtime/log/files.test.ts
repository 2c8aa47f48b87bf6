import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogReader } from '../../../../src/runtime/log/files.ts';
import { decodeLines } from '../../../../src/runtime/log/line.ts';

let dir = '';
let path = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-log-'));
  path = join(dir, 'json.log');
});
afterEach(() => rmSync(dir, { recursive: true }));

const json = (text: string) =>
  `${JSON.stringify({ log: text, stream: 'stdout', time: '2026-11-27T12:00:00.000000000Z' })}\n`;
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${from + i}`);
const lines = (from: number, to: number) => range(from, to).map(json).join('');

function read(reader: LogReader): string[] {
  const all: string[] = [];
  for (let some = reader.next(); some.length > 0; some = reader.next())
    all.push(...decodeLines(some).map(({ text }) => text));
  return all;
}

const rotate = () => {
  for (const age of [2, 1]) {
    try {
      renameSync(`${path}.${age}`, `${path}.${age + 1}`);
    } catch {}
  }
  renameSync(path, `${path}.1`);
};

test('all files, oldest first', () => {
  writeFileSync(`${path}.2`, lines(0, 3));
  writeFileSync(`${path}.1`, lines(3, 5));
  writeFileSync(path, lines(5, 9));
  expect(read(new LogReader(path))).toEqual(range(0, 9));
});

test.each([
  [0, 9, 9],
  [1, 8, 9],
  [4, 5, 9],
  [5, 4, 9],
  [6, 3, 9],
  [9, 0, 9],
  [100, 0, 9],
])('the last %i lines', (tail, from, to) => {
  writeFileSync(`${path}.2`, lines(0, 3));
  writeFileSync(`${path}.1`, lines(3, 5));
  writeFileSync(path, lines(5, 9));
  expect(read(new LogReader(path, tail))).toEqual(range(from, to));
});

test('the last lines of a file of several pieces', () => {
  writeFileSync(path, lines(0, 20_000));
  for (const tail of [1, 5000, 19_999])
    expect(read(new LogReader(path, tail))).toEqual(range(20_000 - tail, 20_000));
});

test('what is added, across renames, however many', () => {
  const reader = new LogReader(path);
  expect(reader.next()).toHaveLength(0);
  writeFileSync(path, lines(0, 2));
  expect(read(reader)).toEqual(range(0, 2));
  appendFileSync(path, lines(2, 3).slice(0, 20));
  expect(read(reader)).toEqual([]);
  appendFileSync(path, lines(2, 3).slice(20));
  rotate();
  expect(read(reader)).toEqual(range(2, 3));
  writeFileSync(path, lines(3, 4));
  rotate();
  writeFileSync(path, lines(4, 6));
  expect(read(reader)).toEqual(range(3, 6));
});

test('what was renamed before the first look', () => {
  const reader = new LogReader(path, 1);
  writeFileSync(path, lines(0, 2));
  rotate();
  writeFileSync(path, lines(2, 3));
  expect(read(reader)).toEqual(range(0, 3));
});

test('between two files, when the next is not begun', () => {
  writeFileSync(`${path}.2`, lines(0, 1));
  writeFileSync(`${path}.1`, lines(1, 2));
  const reader = new LogReader(path);
  expect(read(reader)).toEqual(range(0, 2));
  expect(read(new LogReader(path, 1))).toEqual(range(1, 2));
  writeFileSync(path, lines(2, 3));
  expect(read(reader)).toEqual(range(2, 3));
});

test('what went before it was read is not waited for', () => {
  writeFileSync(path, lines(0, 1));
  const reader = new LogReader(path);
  expect(read(reader)).toEqual(range(0, 1));
  rmSync(path);
  writeFileSync(path, lines(7, 8));
  expect(read(reader)).toEqual(range(7, 8));
});

test('a line that is none is left out', () => {
  writeFileSync(path, `${json('a')}{"log":"cut in\n${json('b')}`);
  expect(read(new LogReader(path))).toEqual(['a', 'b']);
});
