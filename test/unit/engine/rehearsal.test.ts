// A rehearsal changes nothing, by whichever function of node:fs or the addon it is tried.
import fs, {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { rehearsal } from '../../../src/engine/deeds/rehearsal.ts';
import { type Callable, during } from '../../../src/engine/deeds/session.ts';
import { AT_FDCWD } from '../../../src/native/fcntl.ts';
import { native } from '../../../src/native/index.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tinyrun-rehearsal-'));
  mkdirSync(join(dir, 'full'));
  for (const name of ['file', 'full/file']) writeFileSync(join(dir, name), 'as it was');
  onTestFinished(() => rmSync(dir, { recursive: true }));
});

const { O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } = fs.constants;
const TMPFILE = 0o20200000;

function looksOf(at = dir): string[] {
  return readdirSync(at, { recursive: true, encoding: 'utf8' }).map((name) => {
    const { mode, size, uid, mtimeMs, nlink } = lstatSync(join(at, name));
    return [name, mode, size, uid, mtimeMs, nlink].join(' ');
  });
}

/** Tries it, whatever comes of it. Resolves once what node does by itself has been done. */
async function rehearse(act: () => unknown): Promise<void> {
  const stage = rehearsal({ dataRoot: join(dir, 'data'), runRoot: join(dir, 'run') }, () => undefined);
  await during(stage, async () => {
    try {
      const begun = act() as { on?: Callable; close?: Callable; catch?: Callable } | undefined;
      begun?.on?.('error', () => undefined);
      begun?.catch?.(() => undefined);
      // behind all that waits for one of its threads
      for (let n = 0; n < 4; n++) await fs.promises.stat(dir);
      begun?.close?.();
    } catch {
      // refused
    }
  });
}

test.each<[string, readonly unknown[]]>([
  ['a path', []],
  ['flags', ['w']],
  ['flags that append', ['a+']],
  ['flags in numbers', [O_CREAT | O_RDWR]],
  ['options of a read', [{ flag: 'w+' }]],
  ['options of a stream', [{ flags: 'w' }]],
  ['options', [{ recursive: true, force: true }]],
  ['a mode', [0o600]],
  ['data', [Buffer.from('text')]],
  ['an owner, or times', [1, 1]],
])('node:fs: %s', async (_what, more) => {
  const names = Object.keys(fs).filter((name) => /^[a-z]/.test(name) && name !== 'promises');
  expect(names).toEqual(expect.arrayContaining(['open', 'copyFile', 'mkdtempSync']));
  for (const name of names)
    for (const path of ['file', 'full', 'fresh'].map((each) => join(dir, each))) {
      const before = looksOf();
      const call = (fs as unknown as Record<string, Callable>)[name];
      // fsync is of a descriptor, and does not mind
      if (typeof call !== 'function' || name === 'fsync') continue;
      for (const others of [more, [join(dir, 'other')]])
        await rehearse(() => call(path, ...others, ...(name.endsWith('Sync') ? [] : [() => undefined])));
      expect(looksOf(), `${name}(${path})`).toEqual(before);
    }
});

test.each([
  ['makes', O_CREAT | O_WRONLY, 'fresh'],
  ['makes, or fails', O_CREAT | O_EXCL | O_WRONLY, 'fresh'],
  ['empties', O_TRUNC | O_WRONLY, 'file'],
  ['makes one without a name', TMPFILE | O_RDWR, 'full'],
])('openat2(2) that %s', async (_what, flags, name) => {
  const before = looksOf();
  const stage = rehearsal({ dataRoot: dir, runRoot: dir }, () => undefined);
  await during(stage, async () => {
    expect(() => native().openat2(AT_FDCWD, join(dir, name), { flags, mode: 0o600 })).toThrow(
      'openat2 of a file that it makes or empties has no rehearsal',
    );
  });
  expect(looksOf()).toEqual(before);
});

test('what opens to read does', async () => {
  const stage = rehearsal({ dataRoot: dir, runRoot: dir }, () => undefined);
  await during(stage, async () => {
    const fd = native().openat2(AT_FDCWD, join(dir, 'file'), { flags: 0 });
    expect(Buffer.from(native().read(fd, 100)).toString()).toBe('as it was');
    native().close(fd);
    let text = '';
    for await (const piece of fs.createReadStream(join(dir, 'file'), 'utf8')) text += piece;
    expect(text).toBe(readFileSync(join(dir, 'file'), { encoding: 'utf8', flag: 'r' }));
  });
});
