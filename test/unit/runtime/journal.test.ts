import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/types.ts';
import {
  JOURNAL_FILE,
  LOCK_FILE,
  lockContainerDir,
  STATE_FILE,
  sweep,
  undoJournal,
  undoSteps,
  writeJournal,
} from '../../../src/runtime/journal.ts';
import { launchSync } from '../../../src/runtime/launch.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tinyrun-journal-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

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
  it('takes back what dead creators left, twice', () => {
    const dir = halfMade('c');
    launchSync({ plan: plan() });
    expect(sweep(root)).toEqual([dir]);
    expect(sweep(root)).toEqual([]);
    expect(existsSync(dir)).toBe(false);
    expect(existsSync(join(root, 'made'))).toBe(false);
  });

  it('leaves a live creator alone', () => {
    const dir = halfMade('c');
    const lock = lockContainerDir(dir);
    expect(sweep(root)).toEqual([]);
    lock?.release();
    expect(sweep(root)).toEqual([dir]);
  });

  it('leaves finished containers and foreign directories alone', () => {
    writeFileSync(join(halfMade('c'), STATE_FILE), '{}');
    mkdirSync(join(root, 'other'));
    expect(sweep(root)).toEqual([]);
    expect(existsSync(join(root, 'other'))).toBe(true);
  });

  it('finds nothing where there is nothing', () => expect(sweep(join(root, 'none'))).toEqual([]));
});
