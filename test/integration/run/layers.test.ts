import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readFromLayers } from '../../../src/engine/layer-file.ts';
import { AT_FDCWD, native } from '../../../src/native/index.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-layers-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let count = 0;

/** A layer, its path; `make` fills it. */
function layer(make: (at: (name: string) => string) => void): string {
  const root = path.join(dir, String(++count));
  const at = (name: string) => {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    return path.join(root, name);
  };
  mkdirSync(root);
  make(at);
  return root;
}

const withPasswd = (text: string) => layer((at) => writeFileSync(at('etc/passwd'), text));
const read = (...layers: string[]) => readFromLayers(layers, 'etc/passwd');
const whiteout = (file: string) => native().mknodat(AT_FDCWD, file, 0o20000, 0, 0);

test('the topmost layer that has the file decides', () => {
  const [lower, upper, empty] = [withPasswd('lower'), withPasswd('upper'), layer(() => {})];
  expect(read(upper, lower)).toBe('upper');
  expect(read(empty, lower)).toBe('lower');
  expect(read(empty)).toBeUndefined();
});

test('whiteouts and opaque directories hide what lies below', () => {
  const lower = withPasswd('lower');
  expect(
    read(
      layer((at) => whiteout(at('etc/passwd'))),
      lower,
    ),
  ).toBeUndefined();
  expect(
    read(
      layer((at) => whiteout(at('etc'))),
      lower,
    ),
  ).toBeUndefined();
  const opaque = layer((at) => {
    mkdirSync(at('etc'));
    native().setxattr(AT_FDCWD, at('etc'), 'trusted.overlay.opaque', Buffer.from('y'));
  });
  expect(read(opaque, lower)).toBeUndefined();
  expect(
    read(
      layer((at) => writeFileSync(at('etc'), 'a file')),
      lower,
    ),
  ).toBeUndefined();
});

test('symlinks lead through the merged tree, never out of it', () => {
  const host = path.join(dir, 'host-secret');
  writeFileSync(host, 'secret');
  const lower = layer((at) => writeFileSync(at('usr/etc/passwd'), 'moved'));
  expect(
    read(
      layer((at) => symlinkSync('../usr', at('etc/link'))),
      layer((at) => symlinkSync('link/etc/passwd', at('etc/passwd'))),
      lower,
    ),
  ).toBe('moved');
  // where a container has a directory of its own, as with Docker
  expect(
    read(
      layer((at) => symlinkSync('usr/etc', at('etc'))),
      lower,
    ),
  ).toBeUndefined();
  expect(
    read(
      layer((at) => symlinkSync('/usr/etc/passwd', at('etc/passwd'))),
      lower,
    ),
  ).toBe('moved');
  expect(
    read(
      layer((at) => symlinkSync('../../../../usr/etc/passwd', at('etc/passwd'))),
      lower,
    ),
  ).toBe('moved');
  for (const target of [host, `../../..${host}`, '/proc/self/root/etc/passwd', 'passwd'])
    expect(
      read(
        layer((at) => symlinkSync(target, at('etc/passwd'))),
        lower,
      ),
    ).toBeUndefined();
});

// CVE-2026-47262, CVE-2024-9676
test('a FIFO, a device and a giant are not read', () => {
  expect(read(layer((at) => execFileSync('mkfifo', [at('etc/passwd')])))).toBeUndefined();
  expect(read(layer((at) => native().mknodat(AT_FDCWD, at('etc/passwd'), 0o20000, 1, 5)))).toBeUndefined();
  const giant = layer((at) => {
    writeFileSync(at('etc/passwd'), '');
    truncateSync(at('etc/passwd'), 2 * 2 ** 30);
  });
  const before = process.memoryUsage().rss;
  const began = process.cpuUsage();
  expect(read(giant)).toBeUndefined();
  const { user, system } = process.cpuUsage(began);
  expect(user + system).toBeLessThan(2_000_000);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 * 2 ** 20);
});
