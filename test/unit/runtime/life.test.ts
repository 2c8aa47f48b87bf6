import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import type { Plan } from '../../../src/plan/types.ts';
import { attend } from '../../../src/runtime/attend.ts';
import type { ClaimedDir } from '../../../src/runtime/dir.ts';
import { newJournal } from '../../../src/runtime/journal.ts';
import { bear, type Joined, type Life, type Parent } from '../../../src/runtime/life.ts';

let path: string;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tinyrun-life-'));
});
afterEach(() => rmSync(path, { recursive: true }));

const claimed = (): ClaimedDir => ({ path, lock: { fd: -1, release: () => {} }, journal: newJournal(path) });

const PLAN: Plan = {
  steps: [
    {
      op: 'mkdir',
      lane: 'host',
      args: { path: '/x', mode: 0o700 },
      why: 'a test',
      undo: [{ op: 'rmdir', args: { path: '/x' } }],
    },
  ],
};

/** A life that tells what is done with it, in order. */
function lifeOf(events: string[], more: Partial<Life> = {}): Life {
  return {
    pid: 7,
    pidfd: 8,
    startTime: 1n,
    results: [],
    signal: () => {},
    join: async (): Promise<Joined> => ({ detach: () => void events.push('detach') }),
    leave: () => void events.push('leave'),
    forget: () => void events.push('forget'),
    ended: async () => {
      events.push('ended');
      return { exit: { code: 3, finished: '', why: 'ended' } };
    },
    written: async () => void events.push('written'),
    ...more,
  };
}

describe('a birth', () => {
  const parentOf = (events: string[], run: () => Life): Parent => ({
    streams: { drop: () => void events.push('drop') },
    run: async () => {
      events.push(...readdirSync(path), 'run');
      return run();
    },
  });

  it('is written down before its parent runs the plan', async () => {
    const events: string[] = [];
    const life = lifeOf(events);
    const parent = parentOf(events, () => life);
    expect(await bear({ plan: PLAN, parent, dir: claimed(), config: '{"a":1}' })).toBe(life);
    expect(events).toEqual(['config.json', 'journal.01-start', 'run']);
    expect(readFileSync(join(path, 'config.json'), 'utf8')).toBe('{"a":1}');
  });

  it('that fails drops the streams; what its journal says is for who claimed the directory', async () => {
    const events: string[] = [];
    const parent = parentOf(events, () => {
      throw new Error('no');
    });
    await expect(bear({ plan: PLAN, parent, dir: claimed() })).rejects.toThrow('no');
    expect(events).toEqual(['journal.01-start', 'run', 'drop']);
    expect(readdirSync(path)).toEqual(['journal.01-start']);
  });

  it.each([
    [1, 'container init was OOM-killed (memory limit too low?)'],
    [0, 'it was killed'],
  ])('that is killed in a cgroup where memory ended %i processes: %s', async (kills, message) => {
    const cgroup = join(path, 'cgroup');
    mkdirSync(cgroup);
    writeFileSync(join(cgroup, 'memory.events'), `oom 1\noom_kill ${kills}\n`);
    const parent = parentOf([], () => {
      throw new TinyrunError('SETUP_KILLED', 'it was killed');
    });
    await expect(bear({ plan: PLAN, parent, cgroup })).rejects.toMatchObject({
      code: 'SETUP_KILLED',
      message,
    });
  });

  it('in a container that lives has neither', async () => {
    const events: string[] = [];
    await bear({ plan: PLAN, parent: parentOf(events, () => lifeOf(events)) });
    expect(events).toEqual(['run']);
  });
});

describe('who attends a life', () => {
  it('ends what it cannot join: nobody would have its output', async () => {
    const events: string[] = [];
    const life = lifeOf(events, {
      join: () => Promise.reject(new Error('EMFILE')),
      signal: (signal) => void events.push(`signal ${signal}`),
    });
    await expect(attend(life, {})).rejects.toThrow('EMFILE');
    expect(events).toEqual(['signal 9', 'ended']);
  });

  it('passes signals to it until it has ended, waits for its output, then lets go of the terminal', async () => {
    const events: string[] = [];
    const forwarding = {
      to: (pidfd: number, pid: number) => void events.push(`to ${pidfd} ${pid}`),
      drop: () => void events.push('drop'),
      stop: () => void events.push('stop'),
    };
    const end = await attend(lifeOf(events), { forwarding });
    expect(end).toMatchObject({ exit: { code: 3 }, lost: undefined });
    expect(events).toEqual(['to 8 7', 'ended', 'drop', 'written', 'detach']);
  });

  it.each<[string, Partial<Life>]>([
    ['what it wrote', { written: () => Promise.reject(new Error('no space')) }],
    [
      'what its terminal got',
      { join: async () => ({ drained: Promise.reject(new Error('no space')), detach: () => {} }) },
    ],
  ])('is told that %s is not whole', async (_what, more) => {
    const end = await attend(lifeOf([], more), {});
    expect([end.exit.code, end.lost?.message]).toEqual([3, 'no space']);
  });

  it('does not wait for its output who insists on going', async () => {
    const events: string[] = [];
    const life = lifeOf(events, { written: () => new Promise(() => {}) });
    const end = await attend(life, { insisted: Promise.resolve() });
    expect([end.exit.code, end.lost]).toEqual([3, undefined]);
    expect(events.toSorted()).toEqual(['detach', 'ended', 'leave']);
  });
});
