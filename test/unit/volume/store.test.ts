import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VolumeStore } from '../../../src/volume/store.ts';

let dataRoot: string;
beforeAll(() => {
  dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-volumes-'));
});
afterAll(() => rmSync(dataRoot, { recursive: true }));

test('a volume that its container took along has not to be marked as filled; one that is there is', async () => {
  const store = new VolumeStore(dataRoot);
  for (const name of ['gone', 'kept']) store.create({ name });
  const [gone, kept] = [await store.beginSeeding('gone'), await store.beginSeeding('kept')];
  rmSync(join(dataRoot, 'volumes/gone'), { recursive: true });
  for (const seeding of [gone, kept]) {
    seeding?.done();
    seeding?.release();
  }
  expect(existsSync(join(dataRoot, 'volumes/gone'))).toBe(false);
  expect(store.read('kept')?.seeded).toBe(true);
  expect(await store.beginSeeding('kept')).toBeUndefined();
});
