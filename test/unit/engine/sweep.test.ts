// What a sweep makes of a container at each point where who was at it may be killed.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { containerPaths, runningDir } from '../../../src/engine/layout.ts';
import { Names } from '../../../src/engine/names.ts';
import {
  begun,
  type ContainerExit,
  type ContainerRecord,
  neverStarted,
  readRecord,
  writeRecord,
} from '../../../src/engine/record.ts';
import { sweepAll } from '../../../src/engine/sweep.ts';
import { ensureDir } from '../../../src/store/paths.ts';

const home = mkdtempSync(path.join(tmpdir(), 'tinyrun-sweep-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const roots = { dataRoot: path.join(home, 'data'), runRoot: path.join(home, 'run') };

const id = 'a'.repeat(64);
const paths = containerPaths(roots, id);
const EXIT: ContainerExit = {
  code: 3,
  started: '2026-01-02T03:04:06.000Z',
  finished: '2026-01-02T03:05:06.000Z',
  oomKilled: false,
};
const MADE: ContainerRecord = {
  version: 2,
  id,
  name: 'web',
  created: '2026-01-02T03:04:05.000Z',
  config: { image: 'busybox' },
  image: { id: 'sha256:aaa', layers: [] },
  argv: ['true'],
  hostname: 'h',
  labels: {},
  stopSignal: 15,
  mounts: [],
};
const CREATED: ContainerRecord = { ...MADE, wanted: 'stopped' };
const EXITED: ContainerRecord = { ...MADE, exit: EXIT };
const autoRemoved = (record: ContainerRecord): ContainerRecord => ({
  ...record,
  config: { ...record.config, autoRemove: true },
});
const DOWN = { code: 137, note: 'the host went down' };

/** dir: the run directory of one that never came to its process; file: exit.json beside the record. */
interface Left {
  readonly record: ContainerRecord;
  readonly dir?: boolean;
  readonly file?: boolean;
}

function sweepOf({ record, dir = false, file = false }: Left): ContainerRecord | undefined {
  rmSync(home, { recursive: true, force: true });
  ensureDir(paths.data);
  new Names(roots.dataRoot).take('web', id);
  writeRecord(roots, record);
  if (file) writeFileSync(paths.exit, JSON.stringify({ ...EXIT, why: 'ended' }));
  ensureDir(runningDir(roots));
  if (dir) mkdirSync(paths.run);
  if (dir) writeFileSync(path.join(paths.run, 'lock'), '');
  sweepAll(roots);
  expect(existsSync(paths.run)).toBe(false);
  expect(new Names(roots.dataRoot).holder('web')).toBe(existsSync(paths.data) ? id : undefined);
  return readRecord(roots, id);
}

test('one that was created stays so, whatever is killed at it, and a reboot is nothing to it', () => {
  for (const record of [CREATED, autoRemoved(CREATED)])
    for (const dir of [false, true]) expect(sweepOf({ record, dir })).toEqual(record);
});

test('a start that never came to its program leaves what was', () => {
  expect(sweepOf({ record: begun(CREATED), dir: true })).toEqual(CREATED);
  const again = sweepOf({ record: begun(EXITED), dir: true });
  expect(again).toEqual({ ...MADE, wanted: 'stopped', started: MADE.created, exit: EXIT });
  expect(again && neverStarted(again)).toBe(false);
  // killed before exit.json had gone
  expect(sweepOf({ record: begun(EXITED), dir: true, file: true })?.exit).toMatchObject(EXIT);
  // by its policy: it is to be tried again
  const restarted = sweepOf({ record: begun({ ...EXITED, wanted: 'running' }, true), dir: true });
  expect(restarted).toMatchObject({ wanted: 'running', exit: EXIT });
  expect(sweepOf({ record: autoRemoved(begun(CREATED)), dir: true })).toBeUndefined();
});

test('one that was to run and has no run directory went down with the host', () => {
  expect(sweepOf({ record: MADE })?.exit).toMatchObject(DOWN);
  expect(sweepOf({ record: begun(CREATED) })?.exit).toMatchObject(DOWN);
  expect(sweepOf({ record: begun(EXITED) })?.exit).toMatchObject(DOWN);
  // stop was at it
  expect(sweepOf({ record: { ...begun(CREATED), wanted: 'stopped' } })?.exit).toMatchObject(DOWN);
  expect(sweepOf({ record: autoRemoved(MADE) })).toBeUndefined();
});

test('what run makes is nothing before its program runs; one that has ended stays as it is', () => {
  expect(sweepOf({ record: MADE, dir: true })).toBeUndefined();
  for (const dir of [false, true]) expect(sweepOf({ record: EXITED, dir })).toEqual(EXITED);
});
