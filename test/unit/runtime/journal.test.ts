import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encode } from '../../../src/plan/encode.ts';
import type { Plan, Step } from '../../../src/plan/types.ts';
import { undoSteps } from '../../../src/plan/undo.ts';
import { LOCK_FILE, sweepDir } from '../../../src/runtime/dir.ts';
import { newJournal, openJournal } from '../../../src/runtime/journal.ts';
import { launchSync } from '../../../src/runtime/launch.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tinyrun-journal-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** Makes `NAME` and `NAME/b` below the root, each with its undo. */
function plan(name = 'made'): Plan {
  const step = (path: string) => ({
    op: 'mkdir' as const,
    lane: 'host' as const,
    args: { path, mode: 0o700 },
    why: 'a directory',
    undo: [{ op: 'rmdir' as const, args: { path } }],
  });
  return { steps: [step(join(root, name)), step(join(root, name, 'b'))] };
}

const entries = (dir: string) => readdirSync(dir).filter((name) => name.includes('journal'));
const made = (name = 'made') => existsSync(join(root, name));

/** A container's directory, and what was made of it before its creator was killed. */
function halfMade(name: string, ...plans: string[]): string {
  const dir = join(root, name);
  mkdirSync(dir);
  writeFileSync(join(dir, LOCK_FILE), '');
  const journal = newJournal(dir);
  for (const each of plans) {
    journal.begin(each, plan(each));
    launchSync({ plan: plan(each) });
  }
  return dir;
}

describe('undo lists', () => {
  it('are last first, each step’s own too', () => {
    const [first] = plan().steps;
    const both: Step = {
      ...(first as Step & { op: 'mkdir' }),
      undo: [
        { op: 'rmdir', args: { path: '/1' } },
        { op: 'unlink', args: { path: '/2' } },
      ],
    };
    const steps = undoSteps({ steps: [...plan().steps, both] });
    expect(steps.map((step) => 'path' in step.args && step.args.path)).toEqual([
      '/2',
      '/1',
      join(root, 'made/b'),
      join(root, 'made'),
    ]);
    expect(steps.map(({ why }) => why)[0]).toBe('takes back step 3');
  });
});

describe('the journal', () => {
  it('is a list of whole files, numbered, readable by nobody else', () => {
    const dir = halfMade('c', 'start', 'net-web');
    expect(entries(dir)).toEqual(['journal.01-start', 'journal.02-net-web']);
    openJournal(dir).begin('volume', plan('v'));
    expect(entries(dir)).toContain('journal.03-volume');
  });

  it('takes back all that its plans made, last first, and is empty then', () => {
    const dir = halfMade('c', 'start');
    // only once this one is gone can the first go
    openJournal(dir).begin('later', plan('start/b/later'));
    launchSync({ plan: plan('start/b/later') });
    openJournal(dir).undoAll();
    expect([made('start'), entries(dir)]).toEqual([false, []]);
  });

  it('takes back one entry alone', () => {
    const dir = halfMade('c', 'start', 'net-web');
    openJournal(dir).undo('net-web');
    expect([made('start'), made('net-web'), entries(dir)]).toEqual([true, false, ['journal.01-start']]);
    openJournal(dir).undo('net-web');
  });

  it('may be run again, and after a plan that did not get far', () => {
    const dir = halfMade('c');
    newJournal(dir).begin('start', plan());
    mkdirSync(join(root, 'made'));
    openJournal(dir).undoAll();
    openJournal(dir).undoAll();
    expect(made()).toBe(false);
  });

  it('has no entry for a plan that leaves nothing', () => {
    const dir = halfMade('c');
    newJournal(dir).begin('start', { steps: [] });
    expect(entries(dir)).toEqual([]);
  });

  it('keeps what could not be taken back, says what, and takes back the rest', () => {
    const dir = halfMade('c', 'start', 'net-web');
    writeFileSync(join(root, 'net-web/b/in-the-way'), '');
    expect(() => openJournal(dir).undoAll()).toThrow(
      expect.objectContaining({
        code: 'CLEANUP',
        message: expect.stringMatching(/net-web.*directory not empty/),
      }),
    );
    expect([made('start'), entries(dir)]).toEqual([false, ['journal.02-net-web']]);
    rmSync(join(root, 'net-web/b/in-the-way'));
    openJournal(dir).undoAll();
    expect([made('net-web'), entries(dir)]).toEqual([false, []]);
  });

  it('of a creator killed between two entries: the second had no plan yet', () => {
    const dir = halfMade('c', 'start');
    // what a kill leaves while the second is written
    writeFileSync(join(dir, '.journal-4711'), encode({ steps: undoSteps(plan('net-web')) }).subarray(0, 100));
    expect(sweepDir(dir)).toBe(true);
    expect([made('start'), existsSync(dir)]).toEqual([false, false]);
  });

  it('of an earlier version, one file, is the first entry', () => {
    const dir = halfMade('c');
    writeFileSync(join(dir, 'journal'), encode({ steps: undoSteps(plan()) }));
    launchSync({ plan: plan() });
    openJournal(dir).begin('net-web', plan('net-web'));
    expect(entries(dir)).toEqual(['journal', 'journal.01-net-web']);
    openJournal(dir).undoAll();
    expect([made(), entries(dir)]).toEqual([false, []]);
  });

  const whole = () => encode({ steps: undoSteps(plan('net-web')) });
  const kill: Step = { op: 'kill', lane: 'host', args: { pid: 1, startTime: 0n, signal: 9 }, why: '' };
  it.each<[string, string, () => Uint8Array]>([
    ['cut', 'journal.02-net-web', () => whole().subarray(0, 300)],
    ['empty', 'journal.02-net-web', () => new Uint8Array()],
    ['named like none', 'journal.x', whole],
    ['not an undo', 'journal.03-x', () => encode({ steps: [kill] })],
    ['of old and cut', 'journal', () => whole().subarray(0, 4)],
  ])('names an entry that is %s, tries nothing of it, and takes back the others', (_what, name, bytes) => {
    const dir = halfMade('c', 'start', 'net-web');
    if (name !== 'journal.02-net-web') openJournal(dir).undo('net-web');
    writeFileSync(join(dir, name), bytes());
    expect(() => openJournal(dir).undoAll()).toThrow(
      expect.objectContaining({
        code: 'CLEANUP',
        message: expect.stringContaining(`read ${join(dir, name)}: `),
      }),
    );
    expect([made('start'), entries(dir)]).toEqual([false, [name]]);
    expect(() => sweepDir(dir)).toThrow(expect.objectContaining({ code: 'CLEANUP' }));
    expect(existsSync(join(dir, name))).toBe(true);
  });
});
