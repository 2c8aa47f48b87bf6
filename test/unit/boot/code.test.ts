import { chmodSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { codeFile, codeOf } from '../../../src/boot/code.ts';

let directory: string;
let bundle: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tinyrun-code-'));
  bundle = join(directory, 'far.cjs');
  writeFileSync(bundle, 'exports.a = 1;');
});
afterEach(() => rmSync(directory, { recursive: true }));

test('compiled code is that of one bundle: of another, as long, it is not', () => {
  expect(codeOf(directory, bundle)).toBeUndefined();
  writeFileSync(codeFile(directory, bundle), 'code', { mode: 0o644 });
  expect(codeOf(directory, bundle)?.toString()).toBe('code');
  writeFileSync(bundle, 'exports.a = 2;');
  utimesSync(bundle, 1, 1);
  expect(codeOf(directory, bundle)).toBeUndefined();
});

test('what others may write is not run', () => {
  const file = codeFile(directory, bundle);
  writeFileSync(file, 'code');
  chmodSync(file, 0o664);
  expect(codeOf(directory, bundle)).toBeUndefined();
  chmodSync(file, 0o646);
  expect(codeOf(directory, bundle)).toBeUndefined();
  chmodSync(file, 0o644);
  expect(codeOf(directory, bundle)).toBeDefined();
});
