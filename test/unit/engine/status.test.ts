import { expect, test } from 'vitest';
import { type ContainerStatus, type Facts, statusFrom } from '../../../src/engine/status.ts';

const DIRS = ['none', 'held', 'free'] as const;
const PROCESSES = ['none', 'waiting', 'running', 'paused', 'ended'] as const;
const EXITS = ['none', 'seen', 'kept'] as const;

/** run directory, process, exit, --rm; a space between alternatives, * for any. Each combination is in one row. */
const TABLE: readonly (readonly [dir: string, process: string, exit: string, rm: string, ContainerStatus])[] =
  [
    ['*', 'none waiting', 'none', '*', 'created'],
    ['*', 'running', 'none seen', '*', 'running'],
    ['*', 'paused', 'none seen', '*', 'paused'],
    ['held', 'ended', 'none seen', 'true', 'removing'],
    ['held', 'none waiting', 'seen', 'true', 'removing'],
    ['held', '*', 'kept', 'true', 'removing'],
    ['held', 'ended', 'none seen', 'false', 'exited'],
    ['held', 'none waiting', 'seen', 'false', 'exited'],
    ['held', '*', 'kept', 'false', 'exited'],
    // before a sweep has been there, or after it
    ['none free', 'ended', 'none seen', '*', 'exited'],
    ['none free', 'none waiting', 'seen', '*', 'exited'],
    ['none', '*', 'kept', '*', 'exited'],
    ['free', '*', 'kept', '*', 'dead'],
  ];

const combinations = DIRS.flatMap((dir) =>
  PROCESSES.flatMap((process) =>
    EXITS.flatMap((exit) => [true, false].map((autoRemove): Facts => ({ dir, process, exit, autoRemove }))),
  ),
);

const holds = (cell: string, value: unknown) => cell === '*' || cell.split(' ').includes(String(value));

test('the status of each combination of facts', () => {
  expect(combinations).toHaveLength(90);
  for (const facts of combinations) {
    const { dir, process, exit, autoRemove } = facts;
    const rows = TABLE.filter((row) =>
      [dir, process, exit, autoRemove].every((each, i) => holds(row[i] ?? '', each)),
    );
    expect(rows, JSON.stringify(facts)).toHaveLength(1);
    expect(statusFrom(facts), JSON.stringify(facts)).toBe(rows[0]?.[4]);
  }
});

test('a running container costs no look at its lock', () => {
  const facts = {
    exit: 'none',
    process: 'running',
    autoRemove: true,
    get dir(): never {
      throw new Error('asked for the lock');
    },
  } as const;
  expect(statusFrom(facts)).toBe('running');
});
