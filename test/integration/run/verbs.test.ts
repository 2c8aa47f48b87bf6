// A container's life by verbs: create, start.
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(async () => {
  await sandbox.tinyrun(['rm', '-f', ...list('data/names')]);
  await sandbox.close();
});

const below = (...names: string[]) => path.join(sandbox.dir, ...names);
const list = (dir: string) => (existsSync(below(dir)) ? readdirSync(below(dir)).sort() : []);

/** What a verb printed; it went well, and without a word. */
async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout.trim();
}

async function refused(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ args, code, stdout }).toEqual({ args, code: 1, stdout: '' });
  return stderr.replace(/^tinyrun: /, '').split('\n')[0] ?? '';
}

const inspect = async (name: string) => JSON.parse(await ok('container', 'inspect', name))[0];
const stateOf = async (name: string) => (await inspect(name)).State;
const statusOf = (name: string) => ok('ps', '-a', '-f', `name=^${name}$`, '--format', '{{.Status}}');

/** Runs until it is told to end. Each start adds a line to /log; what is read of it is what its file system has. */
const LOYAL = [
  'sh',
  '-c',
  'trap "exit 3" TERM; echo "$(cat /proc/sys/kernel/hostname) $V $(id -u)" >> /log; sleep 1000 & wait',
];
const NEVER = '0001-01-01T00:00:00Z';

test('create, start, and start again: the same container, with what it had', async () => {
  const missing = below('missing');
  const flags = [
    '--name',
    'web',
    '-e',
    'V=one',
    '-h',
    'host1',
    '-v',
    `${missing}:/mnt`,
    '--stop-timeout',
    '7',
  ];
  const id = await ok('create', ...flags, 'busybox', ...LOYAL);
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(existsSync(missing)).toBe(true);
  expect(list('run/containers')).toEqual([]);
  expect(await statusOf('web')).toBe('Created');
  expect(await stateOf('web')).toMatchObject({ Status: 'created', Running: false, Pid: 0, StartedAt: NEVER });
  expect(await ok('ps', '-q')).toBe('');

  expect(await ok('start', 'web')).toBe('web');
  const log = below('data/containers', id, 'upper/log');
  await until(() => existsSync(log) && readFileSync(log, 'utf8') !== '');
  expect(readFileSync(log, 'utf8')).toBe('host1 one 0\n');
  const { State, Config, Created } = await inspect('web');
  expect(State).toMatchObject({ Status: 'running', Running: true, ExitCode: 0, FinishedAt: NEVER });
  expect(Date.parse(State.StartedAt)).toBeGreaterThanOrEqual(Date.parse(Created));
  expect(Config).toMatchObject({ Hostname: 'host1', StopTimeout: 7 });
  expect(await statusOf('web')).toMatch(/^Up /);
  // one that runs stays as it is
  expect(await ok('container', 'start', 'web')).toBe('web');
  expect((await stateOf('web')).Pid).toBe(State.Pid);
  expect(list('run/containers')).toEqual([id]);
  // its parent has nothing of the command's that is gone
  const ppid = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${State.Pid}/status`, 'utf8'))?.[1];
  expect(readlinkSync(`/proc/${ppid}/exe`)).toContain('tinyrun-init');

  await ok('kill', '-s', 'TERM', 'web');
  await until(() => list('run/containers').length === 0);
  expect(await statusOf('web')).toMatch(/^Exited \(3\) /);
  const first = await stateOf('web');

  // the image's name may be another's by now, and its files stay
  await ok('start', 'web');
  await until(() => readFileSync(log, 'utf8').split('\n').length === 3);
  expect(readFileSync(log, 'utf8')).toBe('host1 one 0\nhost1 one 0\n');
  const second = await stateOf('web');
  expect(second).toMatchObject({ Status: 'running', ExitCode: 0, FinishedAt: NEVER });
  expect(Date.parse(second.StartedAt)).toBeGreaterThan(Date.parse(first.FinishedAt) - 1);
  // an end that was is not taken for the new one
  await ok('kill', 'web');
  await until(() => list('run/containers').length === 0);
  expect(await stateOf('web')).toMatchObject({ Status: 'exited', ExitCode: 137 });
  await ok('rm', 'web');
  expect([list('data/names'), list('data/containers')]).toEqual([[], []]);
});

test('a program that is not there: created as before, and why; once it is there, it runs', async () => {
  const id = await ok('create', '--name', 'prog', 'busybox', '/prog');
  expect(await refused('start', 'prog')).toContain('/prog');
  expect(list('run/containers')).toEqual([]);
  const failed = { Status: 'created', Error: expect.stringContaining('/prog'), StartedAt: NEVER };
  expect(await stateOf('prog')).toMatchObject({ ...failed, ExitCode: 127 });
  expect(await statusOf('prog')).toBe('Created');

  const program = below('data/containers', id, 'upper/prog');
  writeFileSync(program, '#!/bin/sh\nexit 5\n', { mode: 0o644 });
  expect(await refused('start', 'prog')).toContain('/prog');
  expect(await stateOf('prog')).toMatchObject({ ...failed, ExitCode: 126 });
  chmodSync(program, 0o755);
  await ok('start', 'prog');
  await until(() => list('run/containers').length === 0);
  expect(await stateOf('prog')).toMatchObject({ Status: 'exited', ExitCode: 5, Error: '' });

  // one that has run: how it ended is what it says of its last start, and when it ended stays
  const { FinishedAt } = await stateOf('prog');
  chmodSync(program, 0o644);
  await refused('start', 'prog');
  expect(await stateOf('prog')).toMatchObject({ Status: 'exited', ExitCode: 126, FinishedAt });
  expect(await statusOf('prog')).toMatch(/^Exited \(126\) /);
  await ok('rm', 'prog');
});

test('--rm: gone at its end with all it had, also where it cannot be started', async () => {
  await ok('create', '--rm', '--name', 'once', 'busybox', 'sh', '-c', 'exit 4');
  await ok('ps', '-a');
  expect(await statusOf('once')).toBe('Created');
  await ok('start', 'once');
  await until(() => list('data/containers').length === 0 && list('run/containers').length === 0);
  expect(list('data/names')).toEqual([]);
  await ok('create', '--rm', '--name', 'once', 'busybox', 'nothing');
  await refused('start', 'once');
  expect([list('data/names'), list('data/containers'), list('run/containers')]).toEqual([[], [], []]);
});

test('what it may read never ends with -i, and has ended without', async () => {
  await ok('create', '-i', '--name', 'reads', 'busybox', 'cat');
  await ok('create', '--name', 'ends', 'busybox', 'cat');
  expect(await ok('start', 'ends', 'reads')).toBe('ends\nreads');
  await until(() => list('run/containers').length === 1);
  expect(await statusOf('reads')).toMatch(/^Up /);
  expect(await statusOf('ends')).toMatch(/^Exited \(0\) /);
  expect(await refused('start', 'nobody')).toBe('no such container: nobody');
  await ok('rm', '-f', 'reads', 'ends');
});

test('several at once start one that is started once', async () => {
  const id = await ok('create', '--name', 'race', 'busybox', ...LOYAL);
  const all = await Promise.all([1, 2, 3, 4].map(() => ok('start', 'race')));
  expect(all).toEqual(Array(4).fill('race'));
  await until(() => existsSync(below('data/containers', id, 'upper/log')));
  expect(readFileSync(below('data/containers', id, 'upper/log'), 'utf8').split('\n')).toHaveLength(2);
  await ok('rm', '-f', 'race');
});
