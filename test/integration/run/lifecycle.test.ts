// Names, records, ps, kill, rm, inspect, and what killed commands leave.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../../src/library/engine.ts';
import { isAlive } from '../../../src/runtime/state.ts';
import { TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const data = (...names: string[]) => path.join(sandbox.dir, 'data', ...names);
const list = (dir: string) => (existsSync(dir) ? readdirSync(dir) : []);

/** A container that says `up` once it runs; ends by what the test does. */
async function background(
  ...args: string[]
): Promise<{ child: ChildProcess; ended: Promise<number | null> }> {
  const child = spawn(TINYRUN, ['run', ...args], { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await new Promise((resolve, reject) => {
    child.stdout?.once('data', resolve);
    child.once('close', () => reject(new Error('it ended before it said anything')));
  });
  return { child, ended };
}

const WAIT = ['busybox', 'sh', '-c', 'trap "exit 3" TERM; echo up; while :; do sleep 1000 & wait; done'];

describe('a container that has ended', () => {
  let id = '';
  const inspected = async (...flags: string[]) =>
    (await sandbox.tinyrun(['inspect', ...flags, 'done'])).stdout.trim();
  const listed = async (...filters: string[]) => {
    const flags = filters.flatMap((filter) => ['-f', filter]);
    return (await sandbox.tinyrun(['ps', '-a', ...flags, '--format', '{{.Names}}'])).stdout;
  };

  beforeAll(async () => {
    const run = ['run', '--name', 'done', 'busybox', 'sh', '-c', 'echo x > /f; exit 7'];
    expect((await sandbox.tinyrun(run)).code).toBe(7);
    id = (await sandbox.tinyrun(['ps', '-aq', '--no-trunc'])).stdout.trim();
  });

  test('is in no list of those that run', async () =>
    expect((await sandbox.tinyrun(['ps', '-q'])).stdout).toBe(''));

  test('stays in ps -a, with its exit code', async () => {
    const { stdout } = await sandbox.tinyrun(['ps', '-a', '--no-trunc', '--format', 'json']);
    const row = JSON.parse(stdout);
    const Command = `"sh -c 'echo x > /f; exit 7'"`;
    expect(row).toMatchObject({ ID: id, Names: 'done', Image: 'busybox', State: 'exited', Command });
    expect(row.Status).toMatch(/^Exited \(7\) .* ago$/);
  });

  test('keeps what it wrote', () =>
    expect(readFileSync(data('containers', id, 'upper/f'), 'utf8')).toBe('x\n'));

  test('keeps its name from others', async () => {
    const again = await sandbox.tinyrun(['run', '--name', 'done', 'busybox', 'true']);
    expect(again).toMatchObject({ code: 125, stderr: expect.stringContaining(id.slice(0, 12)) });
  });

  test('is known to inspect: how it ended, what it ran, its files', async () => {
    const [it] = JSON.parse(await inspected());
    expect(it).toMatchObject({ Id: id, Name: '/done', State: { Status: 'exited', ExitCode: 7 } });
    expect(it.Config).toMatchObject({ Image: 'busybox', Cmd: [it.Path, ...it.Args], Entrypoint: null });
    expect(readFileSync(it.HostnamePath, 'utf8')).toBe(`${it.Config.Hostname}\n`);
    expect(it.GraphDriver.Data).toMatchObject({ UpperDir: data('containers', id, 'upper') });
    for (const layer of it.GraphDriver.Data.LowerDir.split(':')) expect(list(layer)).toContain('bin');
  });

  test('is known to templates of inspect, with its size', async () =>
    expect(await inspected('-s', '-f', '{{.State.ExitCode}} {{.SizeRw}} {{json .Args}}')).toBe(
      '7 2 ["-c","echo x > /f; exit 7"]',
    ));

  test.each('name=don exited=7 status=exited ancestor=busybox id='.split(' '))(
    'is found by the filter %s',
    async (filter) => expect(await listed(filter.replace(/^id=/, `id=${id.slice(0, 6)}`))).toBe('done\n'),
  );

  test('is not found where one of two filters does not fit', async () =>
    expect(await listed('name=don', 'exited=8')).toBe(''));

  test('is gone with its name once it is removed', async () => {
    expect(await sandbox.tinyrun(['rm', 'done'])).toEqual({ code: 0, stdout: 'done\n', stderr: '' });
    expect(list(data('containers'))).toEqual([]);
    expect(list(data('names'))).toEqual([]);
  });
});

test('inspect -s of one that runs: since when, and what it has written by now', async () => {
  const roots = { dataRoot: data(), runRoot: path.join(sandbox.dir, 'run') };
  const script = 'echo four > /f; echo up; read end';
  const config = { image: 'busybox', args: ['sh', '-c', script], autoRemove: true };
  const running = createEngine(roots).spawn(config, { name: 'now', stdin: 'pipe' });
  for await (const line of running) {
    expect(line).toBe('up');
    const { stdout } = await sandbox.tinyrun(['inspect', '-s', 'now']);
    const [{ State, Created, SizeRw, SizeRootFs }] = JSON.parse(stdout);
    expect({ SizeRw, State }).toMatchObject({ SizeRw: 5, State: { Running: true, Pid: running.pid } });
    expect(SizeRootFs).toBeGreaterThan(1_000_000);
    expect(Date.parse(State.StartedAt)).toBeGreaterThanOrEqual(Date.parse(Created));
    expect(Date.parse(State.StartedAt)).toBeLessThanOrEqual(Date.now());
    running.stdin.end('\n');
  }
  expect(await running).toMatchObject({ exitCode: 0 });
});

test('ps tells which filters there are', async () =>
  expect(await sandbox.tinyrun(['ps', '-f', 'frob=1'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/invalid filter .frob.\n.*the filters are id, name/),
  }));

test('inspect of an image', async () =>
  expect((await sandbox.tinyrun(['inspect', '-f', '{{json .Config.Cmd}}', 'busybox'])).stdout).toBe(
    '["sh"]\n',
  ));

test('ps, kill, rm and inspect of a running one', async () => {
  const { ended } = await background('--name', 'alive', '--label', 'a=b', '-v', '/etc:/host:ro', ...WAIT);
  const format =
    '{{.State.Pid}} {{.State.StartedAt}} {{json .HostConfig.Binds}} {{(index .Mounts 0).RW}} {{len .NetworkSettings.Networks}} ' +
    '{{json .Config.Env}}';
  expect((await sandbox.tinyrun(['inspect', '--type', 'container', '-f', format, 'alive'])).stdout).toMatch(
    /^[1-9]\d* 20\S+Z \["\/etc:\/host:ro"\] false 1 (null|\["PATH=.*"\])\n$/,
  );
  expect((await sandbox.tinyrun(['ps'])).stdout).toMatch(
    /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES\n[0-9a-f]{12} +busybox +"sh -c 'trap.*…" .* ago +Up .* +alive\n$/,
  );
  expect(await sandbox.tinyrun(['rm', 'alive'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is running/),
  });
  expect(await sandbox.tinyrun(['kill', '-s', 'TERM', 'alive'])).toEqual({
    code: 0,
    stdout: 'alive\n',
    stderr: '',
  });
  expect(await ended).toBe(3);
  expect(await sandbox.tinyrun(['kill', 'alive'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/is not running/),
  });
  expect((await sandbox.tinyrun(['rm', 'alive'])).code).toBe(0);
  expect(await sandbox.tinyrun(['rm', 'alive'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no such container: alive/),
  });
});

test('rm --force ends a running one', async () => {
  const { ended } = await background('--name', 'forced', ...WAIT);
  expect(await sandbox.tinyrun(['rm', '-f', 'forced'])).toMatchObject({ code: 0, stdout: 'forced\n' });
  expect(await ended).toBe(137);
  expect(list(data('containers'))).toEqual([]);
});

test('--pid container:NAME sees its processes', async () => {
  const { child, ended } = await background('--rm', '--name', 'first', ...WAIT);
  const { stdout } = await sandbox.sh(['--pid', 'container:first'], 'cat /proc/1/cmdline');
  expect(stdout).toContain('trap');
  child.kill('SIGTERM');
  expect(await ended).toBe(3);
  const gone = await sandbox.sh(['--pid', 'container:first'], 'true');
  expect(gone).toMatchObject({
    code: 125,
    stderr: expect.stringMatching(/--pid container:first: no such container/),
  });
});

test('--ipc container:NAME shares its /dev/shm, and --ipc host that of the host', async () => {
  const { child, ended } = await background('--rm', '--name', 'lender', '--shm-size', '3m', ...WAIT);
  const shared = ['--ipc', 'container:lender'];
  await sandbox.sh(shared, 'echo left here >/dev/shm/note');
  const looked = await sandbox.sh(
    [...shared, '--hostname', 'other'],
    'cat /dev/shm/note; hostname; grep " /dev/shm " /proc/self/mountinfo',
  );
  expect(looked.stdout).toMatch(/^left here\nother\n.* \/dev\/shm rw,nosuid,nodev,noexec\b.*\bsize=3072k/);
  const { stdout: mapped } = await sandbox.sh(
    ['--ipc', 'container:lender', '--tmpfs', '/dev/shm'],
    'ls /dev/shm',
  );
  expect(mapped).toBe('');
  const { stdout: nobody } = await sandbox.sh(
    [...shared, '--userns', 'private'],
    'cat /dev/shm/note; ls -d /dev/mqueue',
  );
  expect(nobody).toBe('left here\n/dev/mqueue\n');
  child.kill('SIGTERM');
  expect(await ended).toBe(3);

  const { stdout: host } = await sandbox.sh(
    ['--ipc', 'host'],
    'stat -c %d /dev/shm; readlink /proc/self/ns/ipc',
  );
  expect(host).toBe(`${statSync('/dev/shm').dev}\n${readlinkSync('/proc/self/ns/ipc')}\n`);
  const { stdout: none } = await sandbox.sh(['--ipc', 'none'], 'ls /dev');
  expect(none.split('\n')).not.toContain('shm');
});

test('signals to the command go to the program, unless told not to', async () => {
  const signals = 'for s in HUP INT QUIT USR1 USR2; do trap "echo $s" $s; done';
  const script = `${signals}; trap "exit 5" TERM; echo up; while :; do sleep 1000 & wait $!; done`;
  const { child, ended } = await background('--rm', 'busybox', 'sh', '-c', script);
  let text = '';
  for (const name of ['HUP', 'INT', 'QUIT', 'USR1', 'USR2'] as const) {
    const said = new Promise<string>((resolve) =>
      child.stdout?.once('data', (chunk) => resolve(String(chunk))),
    );
    child.kill(`SIG${name}`);
    text += await said;
  }
  child.kill('SIGTERM');
  expect(await ended).toBe(5);
  expect(text).toBe('HUP\nINT\nQUIT\nUSR1\nUSR2\n');
});

test('a killed command takes its container along, and the next one cleans up', async () => {
  const { child, ended } = await background('--rm', '--name', 'orphan', ...WAIT);
  const [id = ''] = list(path.join(sandbox.dir, 'run/containers'));
  const state = JSON.parse(readFileSync(path.join(sandbox.dir, 'run/containers', id, 'state.json'), 'utf8'));
  child.kill('SIGKILL');
  await ended;
  expect((await sandbox.tinyrun(['ps', '-aq'])).stdout).toBe('');
  // a zombie may wait for the host's init to reap it
  expect(isAlive(state)).toBe(false);
  expect(list(data('containers'))).toEqual([]);
  expect(list(data('names'))).toEqual([]);
  expect(list(path.join(sandbox.dir, 'run/containers'))).toEqual([]);
  if (state.cgroup) expect(existsSync(state.cgroup)).toBe(false);
});

test('after a reboot a container is known to have ended, and its name is free to take again', async () => {
  await sandbox.tinyrun(['run', '--name', 'before', 'busybox', 'true']);
  const id = (await sandbox.tinyrun(['ps', '-aq', '--no-trunc'])).stdout.trim();
  const file = data('containers', id, 'container.json');
  rmSync(path.join(path.dirname(file), 'exit.json'));
  const record = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify(record));
  expect((await sandbox.tinyrun(['ps', '-a'])).stdout).toMatch(/Exited \(137\)/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, JSON.stringify({ ...record, config: { ...record.config, autoRemove: true } }));
  expect(await sandbox.tinyrun(['run', '--rm', '--name', 'before', 'busybox', 'true'])).toMatchObject({
    code: 0,
  });
});

test('a damaged record: told, passed by, removed by force', async () => {
  await sandbox.tinyrun(['run', '--name', 'hurt', 'busybox', 'true']);
  const id = (await sandbox.tinyrun(['ps', '-aq', '--no-trunc'])).stdout.trim();
  writeFileSync(data('containers', id, 'container.json'), '{"half": ');
  const listed = await sandbox.tinyrun(['ps', '-a']);
  expect(listed).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(/^tinyrun: read .*container\.json/),
  });
  expect(await sandbox.tinyrun(['inspect', 'hurt'])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/rm --force/),
  });
  expect((await sandbox.tinyrun(['rm', 'hurt'])).code).not.toBe(0);
  expect(await sandbox.tinyrun(['rm', '--force', 'hurt'])).toMatchObject({ code: 0 });
  expect(list(data('names'))).toEqual([]);
});

test('--cidfile holds the id and is not overwritten', async () => {
  const file = path.join(sandbox.dir, 'cid');
  const args = ['run', '--rm', '--cidfile', file, 'busybox', 'hostname'];
  const { stdout } = await sandbox.tinyrun(args);
  expect(readFileSync(file, 'utf8').slice(0, 12)).toBe(stdout.trim());
  expect(await sandbox.tinyrun(args)).toMatchObject({
    code: 125,
    stderr: expect.stringMatching(/the file exists/),
  });
});
