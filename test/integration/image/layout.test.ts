import { execFileSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureUnpacked } from '../../../src/image/layers.ts';
import { importLayout } from '../../../src/image/layout.ts';
import { ImageStore } from '../../../src/image/store.ts';

const BUSYBOX = join(import.meta.dirname, '../../../rootfs-fixtures/out/busybox');
let dataRoot: string;
beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), 'tinyrun-image-'));
});
afterEach(() => rmSync(dataRoot, { recursive: true }));

test('an OCI layout becomes an image with unpacked layers', async () => {
  const store = new ImageStore(dataRoot);
  const entry = await importLayout(store, BUSYBOX, 'busybox');
  expect(entry.name).toBe('docker.io/library/busybox:latest');
  expect(store.resolve('busybox')?.id).toBe(entry.id);
  expect(store.resolve(entry.id.slice(7, 19))?.config.config?.Cmd).toEqual(['sh']);
  expect(store.resolve('busybox', { os: 'linux', architecture: 's390x' })).toBeUndefined();
  const image = store.resolve('busybox');
  if (!image) throw new Error('not stored');
  const { lowers } = await ensureUnpacked(store, image);
  expect(lstatSync(join(lowers[0] ?? '', 'bin/sh')).ino).toBe(
    lstatSync(join(lowers[0] ?? '', 'bin/busybox')).ino,
  );
  expect(lstatSync(join(lowers[0] ?? '', 'tmp')).mode & 0o7777).toBe(0o1777);
  expect(readdirSync(join(dataRoot, 'layers/tmp')).filter((name) => !name.endsWith('.lock'))).toEqual([]);
});

test('skopeo and umoci read the store as an OCI layout', async () => {
  const store = new ImageStore(dataRoot);
  await importLayout(store, BUSYBOX, 'busybox');
  const name = 'docker.io/library/busybox:latest';
  const seen = JSON.parse(
    execFileSync('skopeo', ['inspect', `oci:${store.root}:${name}`], { encoding: 'utf8' }),
  );
  expect(seen.Layers).toHaveLength(1);
  const listed = execFileSync('umoci', ['ls', '--layout', store.root], { encoding: 'utf8' });
  expect(listed.trim()).toBe(name);
});
