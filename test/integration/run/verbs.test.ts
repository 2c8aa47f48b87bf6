// A container's life by verbs: create, start, stop, restart, wait, pause, unpause, rename, container prune.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeContainerOf } from '../../../src/cli/describe.ts';
import { createEngine } from '../../../src/engine/engine.ts';
import { Names } from '../../../src/engine/names.ts';
import { renameContainer } from '../../../src/engine/rename.ts';
import { rowOf } from '../../../src/views/containers.ts';
import type { describeContainer } from '../../../src/views/inspect.ts';
import { pids } from '../../support/processes.ts';
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

// as `inspect` and `ps -a` have it, without their start
const roots = { dataRoot: below('data'), runRoot: below('run') };
const inspect = (name: string) =>
  describeContainerOf(roots, name, false) as ReturnType<typeof describeContainer>;
const stateOf = (name: string) => inspect(name).State;
const statusOf = (name: string) => rowOf(createEngine(roots).find(name), { truncate: false }).Status;

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
  expect(statusOf('web')).toBe('Created');
  expect(await ok('ps', '-a', '--format', '{{.Status}} {{.State}}')).toBe('Created created');
  expect(stateOf('web')).toMatchObject({ Status: 'created', Running: false, Pid: 0, StartedAt: NEVER });
  expect(await ok('ps', '-q')).toBe('');

  expect(await ok('start', 'web')).toBe('web');
  const log = below('data/containers', id, 'upper/log');
  await until(() => existsSync(log) && readFileSync(log, 'utf8') !== '');
  expect(readFileSync(log, 'utf8')).toBe('host1 one 0\n');
  const { State, Config, Created } = inspect('web');
  expect(State).toMatchObject({ Status: 'running', Running: true, ExitCode: 0, FinishedAt: NEVER });
  expect(Date.parse(State.StartedAt)).toBeGreaterThanOrEqual(Date.parse(Created));
  expect(Config).toMatchObject({ Hostname: 'host1', StopTimeout: 7 });
  expect(statusOf('web')).toMatch(/^Up /);
  // one that runs stays as it is
  expect(await ok('container', 'start', 'web')).toBe('web');
  expect(stateOf('web').Pid).toBe(State.Pid);
  expect(list('run/containers')).toEqual([id]);
  // its parent has nothing of the command's that is gone
  const ppid = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${State.Pid}/status`, 'utf8'))?.[1];
  expect(readlinkSync(`/proc/${ppid}/exe`)).toContain('tinyrun-init');

  await ok('kill', '-s', 'TERM', 'web');
  await until(() => list('run/containers').length === 0);
  expect(statusOf('web')).toMatch(/^Exited \(3\) /);
  const first = stateOf('web');

  // the image's name may be another's by now, and its files stay
  await ok('start', 'web');
  await until(() => readFileSync(log, 'utf8').split('\n').length === 3);
  expect(readFileSync(log, 'utf8')).toBe('host1 one 0\nhost1 one 0\n');
  const second = stateOf('web');
  expect(second).toMatchObject({ Status: 'running', ExitCode: 0, FinishedAt: NEVER });
  expect(Date.parse(second.StartedAt)).toBeGreaterThan(Date.parse(first.FinishedAt) - 1);
  // an end that was is not taken for the new one
  await ok('kill', 'web');
  await until(() => list('run/containers').length === 0);
  expect(stateOf('web')).toMatchObject({ Status: 'exited', ExitCode: 137 });
  await ok('rm', 'web');
  expect([list('data/names'), list('data/containers')]).toEqual([[], []]);
});

test('a program that is not there: created as before, and why; once it is there, it runs', async () => {
  const id = await ok('create', '--name', 'prog', 'busybox', '/prog');
  expect(await refused('start', 'prog')).toContain('/prog');
  expect(list('run/containers')).toEqual([]);
  const failed = { Status: 'created', Error: expect.stringContaining('/prog'), StartedAt: NEVER };
  expect(stateOf('prog')).toMatchObject({ ...failed, ExitCode: 127 });
  expect(statusOf('prog')).toBe('Created');

  const program = below('data/containers', id, 'upper/prog');
  writeFileSync(program, '#!/bin/sh\nexit 5\n', { mode: 0o644 });
  expect(await refused('start', 'prog')).toContain('/prog');
  expect(stateOf('prog')).toMatchObject({ ...failed, ExitCode: 126 });
  chmodSync(program, 0o755);
  await ok('start', 'prog');
  await until(() => list('run/containers').length === 0);
  expect(stateOf('prog')).toMatchObject({ Status: 'exited', ExitCode: 5, Error: '' });

  // one that has run: how it ended is what it says of its last start, and when it ended stays
  const { FinishedAt } = stateOf('prog');
  chmodSync(program, 0o644);
  await refused('start', 'prog');
  expect(stateOf('prog')).toMatchObject({ Status: 'exited', ExitCode: 126, FinishedAt });
  expect(statusOf('prog')).toMatch(/^Exited \(126\) /);
  await ok('rm', 'prog');
});

test('--rm: gone at its end with all it had, also where it cannot be started', async () => {
  await ok('create', '--rm', '--name', 'once', 'busybox', 'sh', '-c', 'exit 4');
  await ok('ps', '-a');
  expect(statusOf('once')).toBe('Created');
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
  expect(statusOf('reads')).toMatch(/^Up /);
  expect(statusOf('ends')).toMatch(/^Exited \(0\) /);
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

/** Left behind by several tests below. */
const DEAF = ['sh', '-c', 'trap "" TERM; trap "exit 6" INT; echo > /up; while :; do sleep 1000 & wait; done'];

async function up(name: string, program: readonly string[], ...flags: string[]): Promise<string> {
  const id = await ok('create', '--name', name, ...flags, 'busybox', ...program);
  await ok('start', name);
  const file = program === DEAF ? 'up' : 'log';
  await until(() => existsSync(below('data/containers', id, 'upper', file)));
  return id;
}

const since = async (act: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await act();
  return performance.now() - start;
};

test('stop: asked, killed when its time is over, all of it taken back; one that does not run is none', async () => {
  const id = await up('soft', LOYAL);
  const waiting = ok('wait', 'soft');
  expect(await ok('stop', 'soft')).toBe('soft');
  // not a moment later
  expect(list('run/containers')).toEqual([]);
  expect(await waiting).toBe('3');
  expect(stateOf('soft')).toMatchObject({ Status: 'exited', ExitCode: 3 });
  expect(await ok('stop', 'soft')).toBe('soft');
  expect(await ok('wait', 'soft')).toBe('3');
  expect(await ok('create', '--name', 'new', 'busybox', 'true')).not.toBe('');
  expect(await ok('stop', 'new')).toBe('new');
  expect(await ok('wait', 'new')).toBe('0');
  expect(statusOf('new')).toBe('Created');
  expect(await ok('restart', '-t', '3', 'soft', 'soft')).toBe('soft\nsoft');
  await until(() => readFileSync(below('data/containers', id, 'upper/log'), 'utf8').split('\n').length > 2);
  await ok('stop', '-t', '0', 'soft');
  expect(await refused('stop', 'nobody')).toBe('no such container: nobody');
  expect(await refused('stop', '-s', 'NONE', 'soft')).toMatch(/NONE/);
  await ok('rm', 'soft', 'new');
});

test('stop of those that will not: both at once, by their own time, or the one that is given', async () => {
  await up('deaf1', DEAF, '--stop-timeout', '1');
  await up('deaf2', DEAF);
  const waiting = ok('wait', 'deaf2', 'deaf1');
  const took = await since(() => ok('stop', 'deaf1'));
  expect(took).toBeGreaterThan(1000);
  expect(statusOf('deaf1')).toMatch(/^Exited \(137\) /);
  // two who stop it: the one with less patience wins
  const both = await since(() =>
    Promise.all([ok('stop', '-t', '-1', 'deaf2'), ok('stop', '-t', '0', 'deaf2')]),
  );
  expect(both).toBeLessThan(5000);
  expect(await waiting).toBe('137\n137');
  const up2 = below('data/containers', readlinkSync(below('data/names/deaf2')), 'upper/up');
  rmSync(up2);
  await ok('start', 'deaf2');
  await until(() => existsSync(up2));
  expect(await ok('stop', '--time', '20', '-s', 'INT', 'deaf2')).toBe('deaf2');
  await ok('rm', 'deaf1', 'deaf2');
});

test('paused: every verb has its word, and stop ends it all the same', async () => {
  await up('ice', LOYAL);
  expect(await refused('unpause', 'ice')).toBe('container ice is not paused');
  expect(await ok('pause', 'ice')).toBe('ice');
  expect(statusOf('ice')).toMatch(/^Up .* \(Paused\)$/);
  expect(await refused('pause', 'ice')).toBe('container ice is already paused');
  expect(await refused('start', 'ice')).toBe('cannot start a paused container, try unpause instead');
  expect(await ok('unpause', 'ice')).toBe('ice');
  expect(stateOf('ice')).toMatchObject({ Status: 'running', Paused: false });
  await ok('container', 'pause', 'ice');
  expect(await ok('stop', 'ice')).toBe('ice');
  expect(stateOf('ice')).toMatchObject({ Status: 'exited', ExitCode: 3 });
  expect(await refused('pause', 'ice')).toBe('container ice is not running');
  expect(await refused('unpause', 'ice')).toBe('container ice is not paused');
  await ok('rm', 'ice');
});

test('rename: of one that runs and one that does not; names are taken and free at once', async () => {
  const id = await up('old', LOYAL);
  await ok('create', '--name', 'other', 'busybox', 'true');
  expect(await ok('rename', 'old', 'young')).toBe('');
  expect(inspect('young').Id).toBe(id);
  expect(list('data/names')).toEqual(['other', 'young']);
  expect(await refused('rename', 'old', 'x1')).toBe('no such container: old');
  expect(await refused('rename', 'young', 'young')).toMatch(/^renaming a container with the same name/);
  expect(await refused('rename', 'young', 'other')).toMatch(
    /^the container name "\/other" is already in use by container /,
  );
  expect(await refused('rename', 'young', 'a/b')).toBe('"a/b": not a container name');
  // killed between its two names: either finds it, and it is removed with both
  symlinkSync(id, below('data/names/half'));
  expect(inspect('half').Name).toBe('/young');
  await Promise.all([ok('rename', id, 'x1'), ok('rename', id, 'x2')]);
  expect(list('data/names')).toHaveLength(3);
  await ok('rm', '-f', id);
  expect(list('data/names')).toEqual(['other']);
  // a name that was given to one that was just being removed is nobody's
  symlinkSync(id, below('data/names/half'));
  await ok('rename', 'other', '/half');
  expect(list('data/names')).toEqual(['half']);
  await ok('rm', 'half');
});

test('--rm: stopped it is gone, restarted it cannot be; who waits hears how it ended', async () => {
  await up('brief', LOYAL, '--rm');
  expect(await refused('restart', 'brief')).toMatch(/^container brief is removed when it ends/);
  const waiting = ok('wait', 'brief');
  await until(() => waits(below('run/containers')));
  await ok('stop', 'brief');
  expect(await waiting).toBe('3');
  expect([list('data/names'), list('data/containers'), list('run/containers')]).toEqual([[], [], []]);
});

test('wait hears how one of run --rm ended, which goes with its command', async () => {
  const run = sandbox.tinyrun(['run', '--rm', '--name', 'fore', 'busybox', ...LOYAL]);
  const name = below('data/names/fore');
  await until(() => list('data/names').includes('fore'));
  const log = below('data/containers', readlinkSync(name), 'upper/log');
  await until(() => existsSync(log) && readFileSync(log).length > 0);
  const waiting = ok('wait', 'fore');
  await until(() => waits(below('run/containers')));
  await ok('stop', 'fore');
  expect(await waiting).toBe('3');
  expect((await run).code).toBe(3);
});

test('container prune: those that do not run, after a yes, or some of them', async () => {
  const keep = await up('keep', LOYAL);
  const [one, two] = [
    await ok('create', '-l', 'k=1', 'busybox', 'true'),
    await ok('create', 'busybox', 'true'),
  ];
  const no = await sandbox.tinyrun(['container', 'prune']);
  expect(no).toMatchObject({ code: 0, stdout: expect.stringMatching(/^WARNING! .* stopped containers\.\n/) });
  expect(list('data/containers')).toHaveLength(3);
  expect(await ok('container', 'prune', '-f', '--filter', 'until=1h')).toBe('Total reclaimed space: 0B');
  expect(await ok('container', 'prune', '-f', '--filter', 'label!=k')).toBe(
    `Deleted Containers:\n${two}\n\nTotal reclaimed space: 0B`,
  );
  expect(await refused('container', 'prune', '-f', '--filter', 'x=1')).toBe("invalid filter 'x'");
  expect(await ok('container', 'prune', '-f')).toContain(one);
  expect(list('data/containers')).toEqual([keep]);
  await ok('rm', '-f', keep);
});

/** Whether somebody watches what moves in a directory of containers. */
function waits(dir: string): boolean {
  const [id = ''] = readdirSync(dir);
  const inode = statSync(path.join(dir, id)).ino.toString(16);
  return pids().some((pid) => infosOf(pid).some((info) => info.includes(`ino:${inode} `)));
}

function infosOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fdinfo`).map((fd) =>
      readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'),
    );
  } catch {
    return [];
  }
}

test('renamed there and back at once it has the name that its record says', async () => {
  const roots = { dataRoot: below('data'), runRoot: below('run') };
  const id = (await ok('create', '--name', 'there', 'busybox', 'true')).trim();
  let back: Promise<void> | undefined;
  // the other begins as the first is about to let go of its name
  const { release } = Names.prototype;
  const spy = vi.spyOn(Names.prototype, 'release').mockImplementationOnce(function (
    this: Names,
    ...given: Parameters<typeof release>
  ) {
    back = renameContainer(roots, 'back', 'there');
    return release.apply(this, given);
  });
  await renameContainer(roots, 'there', 'back');
  spy.mockRestore();
  await back;
  expect(new Names(roots.dataRoot).of(id)).toEqual(['there']);
  expect(await ok('inspect', '-f', '{{.Name}}', 'there')).toBe('/there');
  await ok('rm', 'there');
});

test('start and rm at once: it is gone, or it runs and rm has said so', async () => {
  for (const force of [[], ['-f']]) {
    await ok('create', '--name', 'both', 'busybox', 'sleep', '1000');
    const [start, rm] = await Promise.all([
      sandbox.tinyrun(['start', 'both']),
      sandbox.tinyrun(['rm', ...force, 'both']),
    ]);
    expect(`${start.code} ${start.stderr}`).toMatch(
      /^0 $|^1 tinyrun: (?:no such container: both|start the program: its process was ended by SIGKILL while it was set up)\n/,
    );
    expect(`${rm.code} ${rm.stderr}`).toMatch(
      force.length > 0 ? /^0 $/ : /^0 $|^1 tinyrun: container both is (?:running|being started)\n/,
    );
    await sandbox.tinyrun(['rm', '-f', 'both']);
    expect([list('data/names'), list('data/containers'), list('run/containers')]).toEqual([[], [], []]);
  }
});

test('what it was made of may have gone: names and documents of its image are not missed, its layers are', async () => {
  const engine = createEngine(roots);
  const source = below('source');
  mkdirSync(source);
  const flags = ['--mount', `type=bind,source=${source},target=/mnt`];
  const id = await ok('create', '--name', 'late', ...flags, 'busybox', 'sh', '-c', 'exit 9');
  rmdirSync(source);
  const missing = `the bind source ${source} does not exist`;
  expect(await refused('start', 'late')).toBe(`mounts[0].source: ${missing}`);
  expect(stateOf('late')).toMatchObject({ ExitCode: 128, Error: `mounts[0].source: ${missing}` });
  mkdirSync(source);
  await sandbox.tinyrun(['rmi', '-f', 'busybox']);
  await engine.start('late');
  expect(await engine.wait('late')).toBe(9);
  expect(stateOf('late')).toMatchObject({ Status: 'exited', Error: '' });
  // of which too little is known: nobody is given another container than they asked for
  const record = below('data/containers', id, 'container.json');
  const text = readFileSync(record, 'utf8');
  writeFileSync(record, JSON.stringify({ ...JSON.parse(text), partial: true }));
  await expect(engine.start('late')).rejects.toThrow('did not write down how');
  writeFileSync(record, text);
  rmSync(below('data/layers'), { recursive: true });
  await expect(engine.start('late')).rejects.toThrow('a layer of its image sha256:');
  expect(list('run/containers')).toEqual([]);
  await engine.remove('late');
});
