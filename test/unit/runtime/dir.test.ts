import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { native } from '../../../src/native/index.ts';
import type { Plan } from '../../../src/plan/types.ts';
import {
  claimDir,
  hasLived,
  isAbandoned,
  LOCK_FILE,
  lockDir,
  removeLockedDir,
  sweepDir,
  takeBackFailed,
  takeOverDir,
} from '../../../src/runtime/dir.ts';
import { newJournal } from '../../../src/runtime/journal.ts';
import { launchSync } from '../../../src/runtime/launch.ts';
import { STATE_FILE, type StateFile } from '../../../src/runtime/state.ts';
import type { Lock } from '../../../src/store/lock.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tinyrun-dir-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** Makes a directory, with its undo. */
function plan(): Plan {
  const args = { path: join(root, 'made') };
  const undo = [{ op: 'rmdir' as const, args }];
  return { steps: [{ op: 'mkdir', lane: 'host', args: { ...args, mode: 0o700 }, why: 'a test', undo }] };
}

const isMade = () => existsSync(join(root, 'made'));

/** A container's directory, with what was made of it, as its lifeline left it when it was killed. */
function left(): string {
  const dir = join(root, 'c');
  mkdirSync(dir);
  writeFileSync(join(dir, LOCK_FILE), '');
  newJournal(dir).begin('start', plan());
  launchSync({ plan: plan() });
  return dir;
}

const STATE: StateFile = {
  version: 1,
  id: 'c',
  ociVersion: '1.2.0',
  bundle: '/bundle',
  rootfs: '/bundle/rootfs',
  created: '2026-01-01T00:00:00Z',
  owner: 0,
  pid: process.pid,
  startTime: '1',
  bootId: 'x',
  fifo: '',
};

describe('a claim', () => {
  it('has the lock, and is one of a kind', () => {
    const dir = join(root, 'below/c');
    const mine = claimDir(dir);
    expect(mine?.path).toBe(dir);
    expect(claimDir(dir)).toBeUndefined();
    expect(isAbandoned(dir)).toBe(false);
    mine?.lock.release();
    expect(isAbandoned(dir)).toBe(true);
  });

  it('takes back first what a killed maker left under the name', () => {
    const dir = left();
    expect(claimDir(dir)).toBeDefined();
    expect([isMade(), readdirSync(dir)]).toEqual([false, [LOCK_FILE]]);
  });

  it.each([
    ['a container is', (dir: string) => writeFileSync(join(dir, STATE_FILE), JSON.stringify(STATE))],
    ['somebody else has files', (dir: string) => rmSync(join(dir, LOCK_FILE))],
  ])('is none where %s', (_what, change) => {
    const dir = left();
    change(dir);
    const before = readdirSync(dir);
    expect(claimDir(dir)).toBeUndefined();
    expect([isMade(), readdirSync(dir)]).toEqual([true, before]);
  });

  it('makes its directory again when a sweep takes it for an empty one', () => {
    const dir = join(root, 'c');
    const { flock } = native();
    const spy = vi.spyOn(native(), 'flock').mockImplementationOnce((fd, operation) => {
      removeLockedDir(dir);
      return flock(fd, operation);
    });
    expect(claimDir(dir)?.path).toBe(dir);
    expect(spy).toHaveBeenCalledTimes(2);
    expect(isAbandoned(dir)).toBe(false);
  });
});

describe('what a free lock means is told by state.json', () => {
  it.each<[string, string | undefined, boolean]>([
    ['none: it never came to be', undefined, true],
    ['one with a command as lifeline', JSON.stringify({ ...STATE, lifeline: 'command' }), true],
    ['one with a monitor as lifeline', JSON.stringify({ ...STATE, lifeline: 'monitor' }), true],
    ['one without: it was made for somebody else', JSON.stringify(STATE), false],
    ['one that cannot be read', '{', false],
  ])('%s', (_what, state, isGone) => {
    const dir = left();
    if (state !== undefined) writeFileSync(join(dir, STATE_FILE), state);
    const settle = vi.fn();
    expect(sweepDir(dir, { settle })).toBe(isGone);
    expect([existsSync(dir), isMade()]).toEqual([!isGone, !isGone]);
    expect(settle.mock.calls).toEqual(isGone ? [[state !== undefined]] : []);
  });

  it('of an earlier version: a bundle of its own is an engine’s', () => {
    const dir = left();
    writeFileSync(join(dir, STATE_FILE), JSON.stringify({ ...STATE, bundle: dir }));
    expect(sweepDir(dir)).toBe(true);
  });

  it('only where there was a life may another follow: not of one that was claimed for a container at rest', () => {
    const dir = join(root, 'c');
    const handOn = vi.fn((_lock: Lock) => true);
    claimDir(dir)?.lock.release();
    expect([hasLived(dir), sweepDir(dir, { handOn }), handOn.mock.calls.length]).toEqual([false, true, 0]);
    const taken = claimDir(dir);
    writeFileSync(join(dir, STATE_FILE), JSON.stringify({ ...STATE, lifeline: 'monitor' }));
    takeOverDir(dir, native().dup(taken?.lock.fd ?? -1)).lock.release();
    taken?.lock.release();
    expect([hasLived(dir), existsSync(join(dir, STATE_FILE))]).toEqual([true, false]);
    expect([sweepDir(dir, { handOn }), handOn.mock.calls.length]).toEqual([false, 1]);
  });

  it('or by who knows that nobody lives there', () => {
    const dir = left();
    writeFileSync(join(dir, STATE_FILE), '{');
    expect(sweepDir(dir, { damaged: true })).toBe(true);
  });
});

describe('a sweep', () => {
  it('leaves a living lifeline alone, and is done with what is not there', () => {
    const dir = left();
    const lock = lockDir(dir);
    expect([sweepDir(dir), isMade()]).toEqual([false, true]);
    lock?.release();
    expect([sweepDir(dir), isMade(), sweepDir(dir)]).toEqual([true, false, true]);
  });

  it('leaves the creator alone who takes the directory once its lock is gone', () => {
    const dir = left();
    const { removeTree } = native();
    let next: Lock | undefined;
    vi.spyOn(native(), 'removeTree').mockImplementation((fd, path) => {
      removeTree(fd, path);
      if (path === join(dir, LOCK_FILE)) next = lockDir(dir);
    });
    removeLockedDir(dir);
    expect(next).toBeDefined();
    newJournal(dir).begin('start', plan());
    next?.release();
  });

  it('does not mind an empty directory, or none', () => {
    removeLockedDir(join(root, 'none'));
    mkdirSync(join(root, 'empty'));
    removeLockedDir(join(root, 'empty'));
    expect(existsSync(join(root, 'empty'))).toBe(false);
  });
});

it('what failed to come to be goes, or its journal stays and the error tells of it', () => {
  const claimed = claimDir(join(root, 'c'));
  if (claimed === undefined) throw new Error('it is free');
  claimed.journal.begin('start', plan());
  launchSync({ plan: plan() });
  writeFileSync(join(root, 'made/in-the-way'), '');
  const error = new Error('it failed');
  takeBackFailed(claimed, error);
  expect(error.message).toMatch(/^it failed; clean up .*directory not empty$/);
  expect(readdirSync(claimed.path)).toEqual(['journal.01-start', LOCK_FILE]);
  rmSync(join(root, 'made/in-the-way'));
  takeBackFailed(claimed, error);
  expect([existsSync(claimed.path), isMade()]).toEqual([false, false]);
});
