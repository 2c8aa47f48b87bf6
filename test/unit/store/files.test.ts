import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeFileAtomic } from '../../../src/store/atomic.ts';
import { awaitUnkept, lock, takeTurn, tryKeep, tryLock } from '../../../src/store/lock.ts';
import { ensureDir, resolveRoots } from '../../../src/store/paths.ts';
import { readIfExists } from '../../../src/store/read.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'tinyrun-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('roots: the flag, the environment, the default', () => {
  const env = { TINYRUN_ROOT: '/env', TINYRUN_RUN_ROOT: '/env-run' };
  expect(resolveRoots({ dataRoot: '/flag' }, env)).toEqual({ dataRoot: '/flag', runRoot: '/env-run' });
  expect(resolveRoots({}, {})).toEqual({ dataRoot: '/var/lib/tinyrun', runRoot: '/run/tinyrun' });
  expect(resolveRoots({ dataRoot: 'x' }, {}).dataRoot).toBe(path.resolve('x'));
});

test('directories are made 0700', () => {
  expect(statSync(ensureDir(path.join(dir, 'a/b'))).mode & 0o777).toBe(0o700);
});

describe('atomic write', () => {
  test('replaces the whole, leaves no temporary file, 0600', () => {
    const file = path.join(dir, 'f');
    writeFileAtomic(file, 'old');
    writeFileAtomic(file, 'new', { durable: true });
    expect(readFileSync(file, 'utf8')).toBe('new');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(dir)).toEqual(['f']);
  });
  test('a failure leaves the old file and nothing else', () => {
    const file = path.join(dir, 'f');
    writeFileAtomic(file, 'old');
    expect(() => writeFileAtomic(path.join(dir, 'none/f'), 'x')).toThrow(/ENOENT/);
    expect(() => writeFileAtomic(dir, 'x')).toThrow();
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(dir)).toEqual(['f']);
  });
  test('a file that is not there is undefined', () => {
    expect(readIfExists(path.join(dir, 'none'))).toBeUndefined();
    expect(() => readIfExists(dir)).toThrow(/EISDIR/);
  });
});

describe('locks', () => {
  test('one holder, freed by release, twice is once', () => {
    const file = path.join(dir, 'lock');
    const held = tryLock(file);
    expect(held).toBeDefined();
    expect(tryLock(file)).toBeUndefined();
    held?.release();
    held?.release();
    expect(tryLock(file)).toBeDefined();
  });
  test('a waiting one gets it when it is freed', async () => {
    const file = path.join(dir, 'lock');
    const first = await lock(file);
    const second = lock(file);
    first.release();
    (await second).release();
  });
  test('shared ones do not exclude each other', () => {
    const file = path.join(dir, 'lock');
    expect(tryLock(file, 'shared')).toBeDefined();
    expect(tryLock(file, 'shared')).toBeDefined();
    expect(tryLock(file)).toBeUndefined();
  });
  test('a lock whose file was removed is taken anew, on the new file', () => {
    const file = path.join(dir, 'lock');
    tryLock(file);
    unlinkSync(file);
    expect(tryLock(file)).toBeDefined();
  });
});

describe('a keeper', () => {
  const released = (turn: ReturnType<typeof takeTurn>): string => {
    if (typeof turn === 'string') return turn;
    turn.release();
    return 'free';
  };

  test('there is one, until it lets go; who only looks is none', async () => {
    const file = path.join(dir, 'kept');
    const keeper = tryKeep(file);
    expect([tryKeep(file), takeTurn(file, true), takeTurn(file, false)]).toEqual([undefined, 'kept', 'kept']);
    const end = awaitUnkept(file);
    keeper?.release();
    await end;
    const turn = takeTurn(file, false);
    expect(takeTurn(file, false)).toBe('busy');
    // another's flock that looks, or waits, is no keeper's
    const watcher = tryLock(file, 'shared');
    expect(released(turn)).toBe('free');
    expect(released(takeTurn(file, false))).toBe('free');
    watcher?.release();
    expect(tryKeep(file)).toBeDefined();
  });

  test('of an earlier version is one, too', () => {
    const file = path.join(dir, 'kept');
    const keeper = tryLock(file);
    expect([tryKeep(file), takeTurn(file, true)]).toEqual([undefined, 'kept']);
    keeper?.release();
    expect(released(takeTurn(file, true))).toBe('free');
  });

  test('a file that is not there is not made by who only looks', async () => {
    const file = path.join(dir, 'none');
    expect(takeTurn(file, true)).toBe('none');
    await awaitUnkept(file);
    expect(readdirSync(dir)).toEqual([]);
  });
});
