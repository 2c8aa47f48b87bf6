import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { addonPaths, loadAddon, loadedNative, native } from '../../../src/native/index.ts';
import { packageRoot } from '../../../src/store/package.ts';

test('one’s own build comes before the prebuild of this platform', () => {
  expect(addonPaths('/package')).toEqual([
    '/package/build/Release/tinyrun.node',
    `/package/prebuilds/linux-${process.arch}/tinyrun.node`,
  ]);
});

test('an addon that cannot be loaded: each path tried and what was wrong with it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'tinyrun-loader-'));
  const damaged = join(dir, 'damaged.node');
  writeFileSync(damaged, 'this is no shared object');
  try {
    loadAddon(['/nonexistent/tinyrun.node', damaged]);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(TinyrunError);
    expect(error).toMatchObject({ code: 'NATIVE_MISSING', exitCode: 125 });
    expect((error as Error).message).toMatch(/nonexistent\/tinyrun\.node: not there; .*damaged\.node: .+/);
  }
  rmSync(dir, { recursive: true });
});

describe('what others may write is not loaded', () => {
  const root = mkdtempSync(join(tmpdir(), 'tinyrun-loader-'));
  const addon = join(root, 'build/Release/tinyrun.node');
  mkdirSync(dirname(addon), { recursive: true });
  copyFileSync(addonPaths(packageRoot()).find(existsSync) ?? '', addon);
  afterAll(() => rmSync(root, { recursive: true }));

  const places = { 'the file': addon, 'its directory': dirname(addon), build: join(root, 'build'), root };
  test.each(Object.entries(places))('%s', (_, place) => {
    const [own, path] = [statSync(place).mode & 0o777, place === addon ? 'it' : place];
    for (const mode of [own | 0o002, own | 0o022]) {
      chmodSync(place, mode);
      expect(() => loadAddon([addon])).toThrow(`${addon}: others may write ${path} (chmod go-w)`);
    }
    chmodSync(place, own);
    expect(loadAddon([addon])).toBeDefined();
  });

  test.skipIf(process.getuid?.() !== 0)('by a group that is not its owner’s alone', () => {
    chmodSync(addon, 0o775);
    for (const [uid, gid] of [
      [0, 50],
      [1000, 100],
    ] as const) {
      chownSync(addon, uid, gid);
      expect(() => loadAddon([addon])).toThrow('others may write it');
    }
    for (const [uid, gid] of [
      [0, 0],
      [1000, 0],
      [1000, 1000],
    ] as const) {
      chownSync(addon, uid, gid);
      expect(loadAddon([addon])).toBeDefined();
    }
  });
});

test('it is loaded once', () => {
  expect(native()).toBe(native());
  expect(loadedNative()).toBe(native());
});
