import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { native } from '../../../src/native/index.ts';
import type { Plan } from '../../../src/plan/types.ts';
import {
  JOURNAL_FILE,
  LOCK_FILE,
  lockContainerDir,
  removeLockedDir,
  STATE_FILE,
  sweepOne,
  undoJournal,
  undoSteps,
  writeJournal,
} from '../../../src/runtime/journal.ts';
import { launchSync } from '../../../src/runtime/launch.ts';
import type { Lock } from '../../../src/store/lock.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tinyrun-journal-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** Makes `a` and `a/b` below the root, each with its undo. */
function plan(): Plan {
  const step = (path: string) => ({
    op: 'mkdir' as const,
    lane: 'host' as const,
    args: { path, mode: 0o700 },
    why: 'a directory',
    undo: { op: 'rmdir' as const, args: { path } },
  });
  return { steps: [step(join(root, 'made')), step(join(root, 'made/b'))] };
}

/** A container's directory as a killed creator leaves it. */
function halfMade(name: string): string {
  const dir = join(root, name);
  mkdirSync(dir);
  writeFileSync(join(dir, LOCK_FILE), '');
  writeJournal(dir, plan());
  return dir;
}

it('undoes last first', () => {
  expect(undoSteps(plan()).map((step) => step.op === 'rmdir' && step.args.path)).toEqual([
    join(root, 'made/b'),
    join(root, 'made'),
  ]);
});

describe('the journal', () => {
  it('takes back what the plan made', () => {
    const dir = halfMade('c');
    launchSync({ plan: plan() });
    expect(existsSync(join(root, 'made/b'))).toBe(true);
    undoJournal(dir);
    expect(existsSync(join(root, 'made'))).toBe(false);
  });

  it('may be run again, and after a plan that did not get far', () => {
    const dir = halfMade('c');
    mkdirSync(join(root, 'made'));
    undoJournal(dir);
    undoJournal(dir);
    expect(existsSync(join(root, 'made'))).toBe(false);
  });

  it('says what could not be taken back, and is kept', () => {
    const dir = halfMade('c');
    launchSync({ plan: plan() });
    writeFileSync(join(root, 'made/b/in-the-way'), '');
    expect(() => undoJournal(dir)).toThrow(/made.*directory not empty/);
    expect(existsSync(join(dir, JOURNAL_FILE))).toBe(true);
  });
});

describe('a sweep', () => {
  it('takes back what a dead creator left', () => {
    const dir = halfMade('c');
    launchSync({ plan: plan() });
    expect(sweepOne(dir)).toBe(true);
    expect(existsSync(dir)).toBe(false);
    expect(existsSync(join(root, 'made'))).toBe(false);
  });

  it('leaves a live creator alone', () => {
    const dir = halfMade('c');
    const lock = lockContainerDir(dir);
    expect(sweepOne(dir)).toBe(false);
    lock?.release();
    expect(sweepOne(dir)).toBe(true);
  });

  it('leaves a finished container alone', () => {
    const dir = halfMade('c');
    writeFileSync(join(dir, STATE_FILE), '{}');
    expect(sweepOne(dir)).toBe(false);
    expect(existsSync(join(dir, JOURNAL_FILE))).toBe(true);
  });

  it('leaves the creator alone who takes the directory once its lock is gone', () => {
    const dir = halfMade('c');
    const { removeTree } = native();
    let next: Lock | undefined;
    vi.spyOn(native(), 'removeTree').mockImplementation((fd, path) => {
      removeTree(fd, path);
      if (path === join(dir, LOCK_FILE)) next = lockContainerDir(dir);
    });
    removeLockedDir(dir);
    expect(next).toBeDefined();
    writeJournal(dir, plan());
    next?.release();
  });

  it('does not mind an empty directory, or none', () => {
    removeLockedDir(join(root, 'none'));
    mkdirSync(join(root, 'empty'));
    removeLockedDir(join(root, 'empty'));
    expect(existsSync(join(root, 'empty'))).toBe(false);
  });
});
