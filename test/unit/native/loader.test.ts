import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { addonPaths, loadAddon, loadedNative, native } from '../../../src/native/index.ts';

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

test('it is loaded once', () => {
  expect(native()).toBe(native());
  expect(loadedNative()).toBe(native());
});
