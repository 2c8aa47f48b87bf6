import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { findImage } from '../../../src/engine/find-image.ts';
import { ensureUnpacked } from '../../../src/image/layers.ts';
import { ImageStore } from '../../../src/image/store.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-embedded-'));
const roots = { dataRoot: dir, runRoot: path.join(dir, 'run') };
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('busybox comes from the embedded copy once, saying so, then from the store', async () => {
  const said: string[] = [];
  const notify = (line: string) => said.push(line);
  const first = await findImage(roots, { image: 'busybox' }, { pull: 'never', notify });
  expect(said).toEqual([expect.stringMatching(/^busybox: .*comes with tinyrun$/)]);
  expect(first.config.config).toMatchObject({ Cmd: ['sh'] });
  const { lowers } = await ensureUnpacked(new ImageStore(dir), first);
  expect(existsSync(path.join(lowers[0] ?? '', 'bin/busybox'))).toBe(true);
  const second = await findImage(roots, { image: 'docker.io/library/busybox:latest' }, { notify });
  expect(second.id).toBe(first.id);
  expect(said).toHaveLength(1);
});

test.each(['alpine', 'busybox:1.36', 'library/box', 'example.com/busybox'])('%s is never faked', (image) =>
  expect(findImage(roots, { image }, { pull: 'never' })).rejects.toMatchObject({
    code: 'IMAGE_NOT_FOUND',
  }),
);

test.each(['Busybox', 'a b', 'x:', ''])('%j is no name', (image) =>
  expect(findImage(roots, { image }, {})).rejects.toMatchObject({ code: 'INVALID_REFERENCE' }),
);
