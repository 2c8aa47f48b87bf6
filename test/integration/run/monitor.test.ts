// run without --rm: a monitor is the container's parent, and the command may go.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hasEnded, TINYRUN, until } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const data = (...names: string[]) => path.join(sandbox.dir, 'data', ...names);
const running = () => readdirSync(path.join(sandbox.dir, 'run/containers'));
const tinyrun = async (...args: string[]) => (await sandbox.tinyrun(args)).stdout;
const inspect = async (name: string) => JSON.parse(await tinyrun('inspect', name))[0];
const field = (pid: number, name: string) =>
  new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '';

/** A container in the foreground that said `up`, and its two processes above it. */
async function background(flags: readonly string[], script: string) {
  const child: ChildProcess = spawn(TINYRUN, ['run', ...flags, 'busybox', 'sh', '-c', script], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  for await (const chunk of child.stdout ?? []) if (String(chunk).includes('up')) break;
  const { State } = await inspect(flags[1] ?? '');
  const monitor = Number(field(State.Pid, 'PPid'));
  return { child, ended, pid: State.Pid as number, monitor };
}

/** Nothing of a container but what it keeps, nobody of it left. */
async function expectEnded(name: string, code: number, pids: readonly number[]): Promise<void> {
  await until(() => pids.every(hasEnded));
  expect(running()).toEqual([]);
  expect((await inspect(name)).State).toMatchObject({ Status: 'exited', ExitCode: code });
}

test('kill -9 of the command: the container goes on, what it writes is dropped; ps, inspect, kill see it', async () => {
  const script = 'trap "exit 3" TERM; echo up; while :; do cat /bin/busybox; echo . >> /pulse; done';
  const { child, ended, pid, monitor } = await background(['--name', 'orphan'], script);
  child.kill('SIGKILL');
  await ended;
  const { Id } = await inspect('orphan');
  const pulse = () => readFileSync(data('containers', Id, 'upper/pulse'), 'utf8').length;
  const before = existsSync(data('containers', Id, 'upper/pulse')) ? pulse() : 0;
  // more than any pipe holds: nobody reads, and it is not stopped
  await until(() => pulse() > before + 5);
  expect(await tinyrun('ps', '--format', '{{.Names}} {{.State}}')).toBe('orphan running\n');
  expect((await sandbox.tinyrun(['rm', 'orphan'])).stderr).toContain('is running');
  expect(await tinyrun('kill', '-s', 'TERM', 'orphan')).toBe('orphan\n');
  await expectEnded('orphan', 3, [pid, monitor]);
  expect(await tinyrun('ps', '-a', '--format', '{{.Status}}')).toMatch(/^Exited \(3\) /);
  expect(await tinyrun('rm', 'orphan')).toBe('orphan\n');
});

test('kill -9 of the command, rm --force: nothing is left', async () => {
  const { child, ended, pid, monitor } = await background(
    ['--name', 'forced', '-i'],
    'echo up; cat; sleep 1000',
  );
  child.kill('SIGKILL');
  await ended;
  expect(await sandbox.tinyrun(['rm', '-f', 'forced'])).toMatchObject({ code: 0, stdout: 'forced\n' });
  await until(() => [pid, monitor].every(hasEnded));
  expect([running(), readdirSync(data('containers'))]).toEqual([[], []]);
});

test('kill -9 of the monitor ends the container, and is told; kill -9 of both is swept', async () => {
  const first = await background(['--name', 'first'], 'echo up; sleep 1000');
  process.kill(first.monitor, 'SIGKILL');
  expect(await first.ended).toEqual([137, null]);
  await expectEnded('first', 137, [first.pid, first.monitor]);
  const second = await background(['--name', 'second'], 'echo up; sleep 1000');
  second.child.kill('SIGKILL');
  process.kill(second.monitor, 'SIGKILL');
  await until(() => hasEnded(second.pid));
  expect(await tinyrun('ps', '-a', '--format', '{{.Names}} {{.State}}')).toBe(
    'second exited\nfirst exited\n',
  );
  await expectEnded('second', 137, [second.pid, second.monitor]);
  expect((await inspect('second')).State.Error).toBe('its command or monitor was killed');
  await tinyrun('rm', 'first', 'second');
});

test('a monitor is small, by itself, and nothing that a container could use', async () => {
  const { child, ended, pid, monitor } = await background(
    ['--name', 'small', '--pid', 'host', '-i'],
    'echo up; cat; exit 4',
  );
  const rss = /^Rss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${monitor}/smaps_rollup`, 'utf8'))?.[1];
  expect(Number(rss)).toBeLessThan(512);
  const [, , , , group, session] = readFileSync(`/proc/${monitor}/stat`, 'utf8').split(' ');
  expect([group, session]).toEqual([`${monitor}`, `${monitor}`]);
  expect(readlinkSync(`/proc/${monitor}/cwd`)).toBe('/');
  const unified = readFileSync(`/proc/${monitor}/cgroup`, 'utf8').split('\n');
  expect(unified.find((line) => line.startsWith('0::'))).toBe('0::/tinyrun/monitors');
  // the lock, the socket, the pidfd, two directories, pipes: what stands open of the caller's is not among them
  const open = readdirSync(`/proc/${monitor}/fd`).map((fd) => readlinkSync(`/proc/${monitor}/fd/${fd}`));
  const strange = open.filter(
    (name) => !/^(socket|pipe|anon_inode):/.test(name) && !name.includes(sandbox.dir),
  );
  expect(strange.sort()).toEqual(['/dev/null', '/dev/null', '/dev/null', '/memfd:tinyrun-init (deleted)']);
  // a container that shares the pid namespace sees it, and no more
  const look = `cd /proc/${monitor}; cat comm; readlink fd/* exe cwd root; cat environ; ls root/`;
  const { stdout } = await sandbox.sh(['--pid', 'host'], look);
  expect(stdout).toBe('tinyrun-monitor\n');
  process.kill(monitor, 'SIGTERM');
  child.stdin?.end();
  expect(await ended).toEqual([4, null]);
  await expectEnded('small', 4, [pid, monitor]);
  await tinyrun('rm', 'small');
});

test('the program has what it has with --rm: streams of its own, no descriptor more', async () => {
  const script = 'ls -l /proc/self/fd | sed "s/.* \\([0-9]\\) -> /\\1 /; s/[0-9]*\\]/]/"';
  const { stdout } = await sandbox.sh(['-i'], script, { stdio: ['pipe', 'pipe', 'pipe'] });
  const monitored = await sandbox.tinyrun(['run', '--name', 'fds', '-i', 'busybox', 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const sorted = (text: string) => text.replace(/\/proc\/\d+\/fd/, '/proc/N/fd');
  expect(sorted(monitored.stdout)).toBe(sorted(stdout));
  expect(stdout).toContain('0 pipe:');
  await tinyrun('rm', 'fds');
});

test('output is whole, in order, however slowly it is read; input comes through', async () => {
  const size = 8_000_000;
  const copy = spawn(TINYRUN, ['run', '--name', 'copy', '-i', 'busybox', 'sh', '-c', 'cat; echo end >&2'], {
    env: sandbox.env,
  });
  const sent = Buffer.alloc(size, Array.from({ length: 251 }, (_, i) => i).join());
  copy.stdin.end(sent);
  let errors = '';
  copy.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const got: Buffer[] = [];
  for await (const chunk of copy.stdout) {
    got.push(chunk);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (copy.exitCode === null) await once(copy, 'close');
  expect({ whole: Buffer.concat(got).equals(sent), errors }).toEqual({ whole: true, errors: 'end\n' });
  // both to one place: in the order they were written
  const both = 'for i in 1 2 3 4 5 6 7 8 9; do echo o$i; echo e$i >&2; done';
  const run = `'${TINYRUN}' run --name both busybox sh -c '${both}' 2>&1`;
  const child = spawn('sh', ['-c', run], { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  expect(text).toBe(Array.from({ length: 9 }, (_, i) => `o${i + 1}\ne${i + 1}\n`).join(''));
  await tinyrun('rm', 'copy', 'both');
});

test('a reader that goes: the program is told, as by a pipe; a full disk is told to us, too', async () => {
  const run = `'${TINYRUN}' run --name head busybox yes | head -n 1`;
  const child = spawn('sh', ['-c', run], { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of child.stdout) text += chunk;
  expect(text).toBe('y\n');
  await until(() => running().length === 0);
  expect((await inspect('head')).State).toMatchObject({ Status: 'exited', ExitCode: 1 });
  const full = openSync('/dev/full', 'w');
  const lost = await sandbox.tinyrun(['run', '--name', 'full', 'busybox', 'yes'], {
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  expect(lost).toMatchObject({ code: 125, stderr: expect.stringContaining('ENOSPC') });
  await tinyrun('rm', 'head', 'full');
});

test('who asks a third time is obeyed; the container is kept', async () => {
  const script = 'trap "echo heard" INT TERM; echo up; while :; do sleep 0.02; done';
  const child = spawn(TINYRUN, ['run', '--name', 'stubborn', 'busybox', 'sh', '-c', script], {
    env: sandbox.env,
  });
  let [out, err] = ['', ''];
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ended = once(child, 'close');
  for await (const chunk of child.stdout) {
    out += chunk;
    if (out.includes('up'))
      child.kill((['SIGINT', 'SIGTERM', 'SIGINT'] as const)[out.match(/heard/g)?.length ?? 0]);
  }
  expect(await ended).toEqual([1, null]);
  expect(err).toContain('got 3 SIGTERM/SIGINTs, forcefully exiting');
  expect((await inspect('stubborn')).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
  expect(running()).toEqual([]);
  await tinyrun('rm', 'stubborn');
});
