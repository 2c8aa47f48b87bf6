import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { native } from '../../../src/native/index.ts';
import { claimDir, sweepDir } from '../../../src/runtime/dir.ts';
import {
  claimExec,
  execIds,
  execPath,
  execsDir,
  execsLeft,
  forgetExec,
  noteExec,
  sweepExecs,
} from '../../../src/runtime/execs.ts';

let root: string;
let run: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tinyrun-execs-'));
  run = join(root, 'run');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const alive = () => {
  mkdirSync(run);
  writeFileSync(join(run, 'lock'), '');
};
const us = () => ({ pid: process.pid, startTime: native().startTime(process.pid) ?? 0n });

const swept = () => {
  const ended: string[] = [];
  sweepExecs(run, (id, signal) => ended.push(`${id} ${signal}`));
  return ended;
};

describe('in a container that runs', () => {
  beforeEach(alive);

  test('nothing is there before the first', () => {
    expect([execIds(run), execsLeft(run), swept()]).toEqual([[], [], []]);
    expect(existsSync(execsDir(run))).toBe(false);
  });

  test('one under a monitor is there as long as that has its lock', () => {
    const claimed = claimExec(run, 'a');
    expect([execIds(run), execsLeft(run), swept()]).toEqual([['a'], [], []]);
    symlinkSync('1:1', join(execPath(run, 'a'), 'process'));
    claimed?.lock.release();
    expect([execIds(run), execsLeft(run)]).toEqual([[], ['a']]);
    expect(swept()).toEqual(['a 9']);
    expect(readdirSync(execsDir(run))).toEqual([]);
  });

  test('one that never came to its program has no end to be told', () => {
    claimExec(run, 'a')?.lock.release();
    expect(swept()).toEqual([]);
    expect(readdirSync(execsDir(run))).toEqual([]);
  });

  test('one of a command is there as long as its process is, its end that command’s to tell', () => {
    const gone = { ...us(), startTime: us().startTime + 1n };
    noteExec(run, 'a', us());
    noteExec(run, 'b', gone);
    expect([execIds(run), execsLeft(run), swept()]).toEqual([['a'], [], []]);
    forgetExec(run, 'b');
    symlinkSync(`${us().pid}:${us().startTime}:${gone.pid}:${gone.startTime}`, execPath(run, 'c'));
    symlinkSync(`${gone.pid}:${gone.startTime}:${gone.pid}:${gone.startTime}`, execPath(run, 'd'));
    expect([execIds(run).sort(), execsLeft(run), swept(), swept()]).toEqual([
      ['a', 'c'],
      ['d'],
      ['d undefined'],
      [],
    ]);
    expect(readdirSync(execsDir(run)).sort()).toEqual(['a', 'c']);
    forgetExec(run, 'c');
    forgetExec(run, 'a');
    expect(readdirSync(run).sort()).toEqual(['execs', 'lock']);
  });

  test('what did not end with its monitor is ended', async () => {
    const child = spawn('sleep', ['1000']);
    const startTime = native().startTime(child.pid ?? 0);
    claimExec(run, 'a')?.lock.release();
    symlinkSync(`${child.pid}:${startTime}`, join(execPath(run, 'a'), 'process'));
    expect(swept()).toEqual(['a 9']);
    expect(await once(child, 'close')).toEqual([null, 'SIGKILL']);
  });

  test('whatever its text is, a link is no process', () => {
    mkdirSync(execsDir(run));
    for (const [name, text] of Object.entries({ a: 'x', b: '-1:0', c: '/etc/passwd', d: '1', e: '0:0' }))
      symlinkSync(text, execPath(run, name));
    expect([execIds(run), swept(), readdirSync(execsDir(run))]).toEqual([[], [], []]);
  });
});

describe('as a container goes', () => {
  test('nothing is begun in one that has gone', () => {
    expect(claimExec(run, 'a')).toBeUndefined();
    noteExec(run, 'a', us());
    expect(existsSync(run)).toBe(false);
  });

  test('what was begun too late to be taken back with it takes the rest along', () => {
    alive();
    const claimed = claimExec(run, 'a');
    rmSync(join(run, 'lock'));
    claimed?.lock.release();
    forgetExec(run, 'a');
    expect(existsSync(run)).toBe(false);
  });

  test('and where it was killed over that, whoever comes next', () => {
    for (const next of [() => sweepDir(run), () => claimDir(run)?.lock.release()]) {
      alive();
      claimExec(run, 'a')?.lock.release();
      rmSync(join(run, 'lock'));
      next();
      expect(existsSync(execsDir(run))).toBe(false);
      rmSync(run, { recursive: true, force: true });
    }
  });
});
