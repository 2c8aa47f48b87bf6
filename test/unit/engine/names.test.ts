import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkName, generatedName, Names, newContainerId } from '../../../src/engine/names.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-names-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('ids are 64 digits, and no hostname made of them is a number', () => {
  const ids = Array.from({ length: 200 }, newContainerId);
  expect(new Set(ids).size).toBe(200);
  for (const id of ids) expect(id).toMatch(/^(?!\d{12})[0-9a-f]{64}$/);
});

test('a name has one holder', () => {
  const names = new Names(dir);
  names.take('web', 'a'.repeat(64));
  expect(() => names.take('web', 'b'.repeat(64))).toThrow(
    `the container name "/web" is already in use by container "${'a'.repeat(64)}"`,
  );
  expect(names.release('web', 'b'.repeat(64))).toBe(false);
  expect(names.holder('web')).toBe('a'.repeat(64));
  expect(names.release('web', 'a'.repeat(64))).toBe(true);
  expect(names.release('web', 'a'.repeat(64))).toBe(false);
  names.take('web', 'b'.repeat(64));
  expect(names.of('b'.repeat(64))).toEqual(['web']);
});

test('made-up names: two words from the id, with a number when taken', () => {
  const names = new Names(dir);
  const id = 'f0'.repeat(32);
  const first = names.takeGenerated(id);
  expect(first).toBe(generatedName(id, 0));
  expect(first).toMatch(/^[a-z]+_[a-z]+$/);
  expect(names.takeGenerated(id)).toMatch(/^[a-z]+_[a-z]+1$/);
});

test.each(['', '-x', '.', '../x', 'a b', 'a/b', 'é', 'x'.repeat(256), 'x'])('%j is no name', (name) =>
  expect(() => checkName(name)).toThrow(/not a container name/),
);
