import { expect, test } from 'vitest';
import { type ContainerStatus, type Facts, statusFrom } from '../../../src/engine/status.ts';

const DIRS = ['none', 'held', 'free'] as const;
const PROCESSES = ['none', 'waiting', 'running', 'paused', 'ended'] as const;
const EXITS = ['none', 'seen', 'kept'] as const;

/** run directory, process, exit, --rm, whether its policy says again; a space between alternatives, * for any. Each combination is in one row. */
const TABLE: readonly (readonly [
  dir: string,
  process: string,
  exit: string,
  rm: string,
  again: string,
  ContainerStatus,
])[] = [
  ['none free', 'none waiting', 'none', '*', '*', 'created'],
  ['held', 'none waiting', 'none', '*', 'false', 'created'],
  ['held', 'none waiting', 'none', '*', 'true', 'restarting'],
  ['*', 'running', 'none seen', '*', '*', 'running'],
  ['*', 'paused', 'none seen', '*', '*', 'paused'],
  ['held', 'ended', 'none seen', 'true', '*', 'removing'],
  ['held', 'none waiting', 'seen', 'true', '*', 'removing'],
  ['held', '*', 'kept', 'true', '*', 'removing'],
  ['held', 'ended', 'none seen', 'false', 'false', 'exited'],
  ['held', 'ended', 'none seen', 'false', 'true', 'restarting'],
  ['held', 'none waiting', 'seen', 'false', 'false', 'exited'],
  ['held', 'none waiting', 'seen', 'false', 'true', 'restarting'],
  ['held', '*', 'kept', 'false', 'false', 'exited'],
  ['held', '*', 'kept', 'false', 'true', 'restarting'],
  // before a sweep has been there, or after it
  ['none free', 'ended', 'none seen', '*', '*', 'exited'],
  ['none free', 'none waiting', 'seen', '*', '*', 'exited'],
  ['none', '*', 'kept', '*', '*', 'exited'],
  ['free', '*', 'kept', '*', '*', 'dead'],
];

const combinations = DIRS.flatMap((dir) =>
  PROCESSES.flatMap((process) =>
    EXITS.flatMap((exit) =>
      [true, false].flatMap((autoRemove) =>
        [true, false].map((again): Facts => ({ dir, process, exit, autoRemove, again })),
      ),
    ),
  ),
);

const holds = (cell: string, value: unknown) => cell === '*' || cell.split(' ').includes(String(value));

test('the status of each combination of facts', () => {
  expect(combinations).toHaveLength(180);
  for (const facts of combinations) {
    const { dir, process, exit, autoRemove, again } = facts;
    const rows = TABLE.filter((row) =>
      [dir, process, exit, autoRemove, again].every((each, i) => holds(row[i] ?? '', each)),
    );
    expect(rows, JSON.stringify(facts)).toHaveLength(1);
    expect(statusFrom(facts), JSON.stringify(facts)).toBe(rows[0]?.[5]);
  }
});

test('a running container costs no look at its lock', () => {
  const facts = {
    exit: 'none',
    process: 'running',
    autoRemove: true,
    again: false,
    get dir(): never {
      throw new Error('asked for the lock');
    },
  } as const;
  expect(statusFrom(facts)).toBe('running');
});
