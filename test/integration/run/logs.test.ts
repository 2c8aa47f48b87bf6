// Containers that go on by themselves: run -d, what they write as logs and attach show it, and a terminal that is left and come
// back to.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TINYRUN, until } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(async () => {
  const { stdout } = await sandbox.tinyrun(['ps', '-aq']);
  await sandbox.tinyrun(['rm', '-f', ...stdout.split('\n').filter(Boolean)]);
  await sandbox.close();
});

async function ok(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

const refused = async (...args: string[]) => {
  const { code, stdout, stderr } = await sandbox.tinyrun(args);
  return `${code} ${stdout}${stderr.split('\n')[0]}`;
};

/** Detached: its id. */
const detached = async (...args: string[]) => (await ok('run', '-d', ...args)).trim();
const dataOf = (id: string) => path.join(sandbox.dir, 'data/containers', id);

test('run -d prints the id, and the container goes on', async () => {
  const id = await detached('--name', 'on', 'busybox', 'sh', '-c', 'read line; echo never');
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  // without -i its input has ended
  expect(await ok('wait', 'on')).toBe('0\n');
  expect(await ok('logs', 'on')).toBe('never\n');
  expect(await ok('inspect', '-f', '{{.LogPath}} {{json .HostConfig.LogConfig}}', 'on')).toBe(
    `${dataOf(id)}/json.log {"Type":"json-file","Config":{}}\n`,
  );
  expect(await refused('run', '-d', '--name', 'none', 'busybox', 'nothere')).toMatch(
    /^127 tinyrun: .*nothere/,
  );
  expect(await ok('ps', '-aq', '-f', 'name=none')).toBe('');
  expect(await refused('run', '-d', '--step', 'busybox', 'true')).toMatch(/^125 .*--step stays/);
});

test('run -d --rm leaves nothing when it ends, its name neither', async () => {
  const id = await detached('--rm', '--name', 'gone', '-i', 'busybox', 'sh', '-c', 'echo up; cat');
  const follow = spawn(TINYRUN, ['logs', '-f', 'gone'], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let followed = '';
  follow.stdout.on('data', (piece) => {
    followed += piece;
  });
  const over = once(follow, 'close');
  await once(follow.stdout, 'data');
  const attach = spawn(TINYRUN, ['attach', 'gone'], { env: sandbox.env, stdio: ['pipe', 'pipe', 'inherit'] });
  attach.stdin.end('typed\n');
  expect(await text(attach.stdout)).toBe('typed\n');
  await over;
  expect(followed).toBe('up\ntyped\n');
  await ok('run', '--rm', '--name', 'gone', 'busybox', 'true');
  expect(existsSync(dataOf(id))).toBe(false);
});

test('a renamed one that is to be removed takes no name of another along', async () => {
  await detached('--rm', '--name', 'before', '-i', 'busybox', 'cat');
  await ok('rename', 'before', 'after');
  // until it ends it has both
  expect(await refused('create', '--name', 'before', 'busybox')).toMatch(
    /^1 tinyrun: the container name "\/before" is already in use/,
  );
  await ok('stop', '-t', '0', 'after');
  for (const name of ['before', 'after']) await ok('create', '--name', name, 'busybox');
  expect(await ok('ps', '-a', '--format', '{{.Names}}', '-f', 'name=before', '-f', 'name=after')).toBe(
    'after\nbefore\n',
  );
});

test('logs: which stream, which lines, since when', async () => {
  const script = 'for i in 1 2 3; do echo line $i; done; echo wrong >&2; printf half';
  const { stdout: shown } = await sandbox.tinyrun(['run', '--name', 'lines', 'busybox', 'sh', '-c', script]);
  expect(shown).toBe('line 1\nline 2\nline 3\nhalf');
  const { stdout, stderr } = await sandbox.tinyrun(['logs', 'lines']);
  expect({ stdout, stderr }).toEqual({ stdout: 'line 1\nline 2\nline 3\nhalf', stderr: 'wrong\n' });
  const tailed = await sandbox.tinyrun(['logs', '--tail', '2', 'lines']);
  expect(tailed).toMatchObject({ stdout: 'half', stderr: 'wrong\n' });
  expect((await sandbox.tinyrun(['logs', '-n', '0', 'lines'])).stdout).toBe('');
  const timed = (await sandbox.tinyrun(['logs', '-t', 'lines'])).stdout.split('\n');
  expect(timed[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z line 1$/);
  const third = timed[2]?.split(' ')[0] ?? '';
  expect((await sandbox.tinyrun(['logs', '--until', third, 'lines'])).stdout).not.toContain('line 3');
  expect((await sandbox.tinyrun(['logs', '--since', '2999-01-01', 'lines'])).stdout).toBe('');
  expect((await sandbox.tinyrun(['logs', '--since', '1h', 'lines'])).stdout).toContain('line 1');
  expect(await refused('logs', '--since', 'soon', 'lines')).toMatch(/^1 tinyrun: --since "soon": not a time/);
  expect(await refused('logs', 'nobody')).toMatch(/^1 tinyrun: no such container: nobody/);
});

test('a log is rotated, and followed across that', async () => {
  const script = 'read line; i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done';
  const flags = ['--log-opt', 'max-size=20k', '--log-opt', 'max-file=50'];
  const id = await detached('-i', '--name', 'round', ...flags, 'busybox', 'sh', '-c', script);
  const follow = spawn(TINYRUN, ['logs', '-f', 'round'], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const attach = spawn(TINYRUN, ['attach', 'round'], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  attach.stdin.end('go\n');
  const all = Array.from({ length: 2000 }, (_, i) => `line ${i}\n`).join('');
  // at once: node throws away what nobody has begun to read when a child ends
  expect(await Promise.all([attach, follow].map(({ stdout }) => text(stdout)))).toEqual([all, all]);
  expect(await ok('logs', 'round')).toBe(all);
  expect(await ok('logs', '-n', '1500', 'round')).toBe(all.slice(all.indexOf('line 500\n')));
  expect(existsSync(path.join(dataOf(id), 'json.log.3'))).toBe(true);
  expect(await ok('inspect', '-f', '{{json .HostConfig.LogConfig.Config}}', 'round')).toBe(
    '{"max-file":"50","max-size":"20000"}\n',
  );
});

test('what has no log says so; what is refused changes nothing', async () => {
  await ok('run', '-d', '--name', 'mute', '--log-driver', 'none', 'busybox', 'true');
  expect(await refused('logs', 'mute')).toBe('1 tinyrun: container mute has no log: its log driver is none');
  const flags = (...given: string[]) => refused('create', '--name', 'bad', ...given, 'busybox');
  expect(await flags('--log-driver', 'syslog')).toMatch(/^1 tinyrun: --log-driver "syslog": no log driver/);
  expect(await flags('--log-opt', 'max-file=0')).toMatch(/^1 tinyrun: --log-opt "max-file=0": /);
  expect(await flags('--log-opt', 'max-size=x')).toMatch(/^1 tinyrun: --log-opt "max-size=x": not a size/);
  expect(await flags('--log-opt', 'colour=red')).toMatch(
    /^1 tinyrun: --log-opt "colour=red": no such option/,
  );
  expect(await ok('ps', '-aq', '-f', 'name=bad')).toBe('');
});

test('of run --rm in the foreground its command has it all, unless a log is asked for', async () => {
  const begun = (name: string, ...flags: string[]) =>
    spawn(TINYRUN, ['run', '--rm', '-i', '--name', name, ...flags, 'busybox', 'sh', '-c', 'echo up; cat'], {
      env: sandbox.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
  const [own, logged] = [begun('own'), begun('logged', '--log-driver', 'json-file')];
  await Promise.all([own, logged].map(({ stdout }) => once(stdout, 'data')));
  for (const verb of ['logs', 'attach']) {
    const { code, stderr } = await sandbox.tinyrun([verb, 'own']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/the command that runs it.*\n.*json-file/),
    });
  }
  const follow = spawn(TINYRUN, ['logs', '-f', 'logged'], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const attach = spawn(TINYRUN, ['attach', 'logged'], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let followed = '';
  const ended = [follow, logged].map((one) => once(one, 'close'));
  follow.stdout.on('data', (piece) => {
    followed += piece;
  });
  attach.stdin.write('typed\n');
  expect(String(await once(attach.stdout, 'data'))).toBe('typed\n');
  await until(() => followed === 'up\ntyped\n');
  own.stdin.end();
  logged.stdin.end();
  expect((await Promise.all(ended)).map(([code]) => code)).toEqual([0, 0]);
  expect(await ok('ps', '-aq', '-f', 'name=logged')).toBe('');
});

test('a terminal is left by its keys and come back to', async () => {
  const first = new Terminal(sandbox, 'run', '-it', '--name', 'tty', 'busybox', 'sh');
  await first.until(/# /);
  first.type('echo one-$((1+1))\r');
  await first.until(/one-2\r\n/);
  first.type('\x10\x11');
  expect(await first.ended).toBe(0);
  expect(await first.isCooked()).toBe(true);
  first.close();
  expect(await ok('ps', '--format', '{{.Names}}', '-f', 'name=tty')).toBe('tty\n');
  const second = new Terminal(sandbox, 'attach', '--detach-keys', 'ctrl-x,q', 'tty');
  second.resize(33, 99);
  second.type('\x10\x11echo two; stty size\r');
  await second.until(/two\r\n33 99\r\n/);
  second.type('\x18q');
  expect(await second.ended).toBe(0);
  second.close();
  const third = new Terminal(sandbox, 'attach', 'tty');
  third.type('exit 7\r');
  expect(await third.ended).toBe(7);
  third.close();
  expect(await ok('logs', 'tty')).toContain('one-2\r\n');
});

test('attach: what cannot be attached to', async () => {
  expect(await refused('attach', 'lines')).toMatch(
    /^1 tinyrun: container lines is not running: start it before/,
  );
  expect(await refused('attach', 'nobody')).toMatch(/^1 tinyrun: no such container/);
  await detached('--name', 'frozen', 'busybox', 'sleep', '1000');
  await ok('pause', 'frozen');
  expect(await refused('attach', 'frozen')).toMatch(/^1 tinyrun: container frozen is paused, unpause it/);
  await ok('rm', '-f', 'frozen');
});

test('start goes on in the log that is there', async () => {
  await ok('create', '--name', 'again', 'busybox', 'echo', 'hello');
  for (const _ of [1, 2]) {
    await ok('start', 'again');
    await ok('wait', 'again');
  }
  expect(await ok('logs', 'again')).toBe('hello\nhello\n');
  const id = (await ok('ps', '-aq', '--no-trunc', '-f', 'name=again')).trim();
  expect(readFileSync(path.join(dataOf(id), 'json.log'), 'utf8').split('\n')).toHaveLength(3);
});

test('start -a and -i: what was made is come to from the start', async () => {
  await ok('create', '-i', '--name', 'made', 'busybox', 'sh', '-c', 'echo first; cat; echo last >&2; exit 4');
  const start = spawn(TINYRUN, ['start', '-ai', 'made'], { env: sandbox.env, stdio: 'pipe' });
  start.stdin.end('typed\n');
  expect((await once(start, 'close'))[0]).toBe(4);
  expect(await sandbox.tinyrun(['logs', 'made'])).toMatchObject({
    stdout: 'first\ntyped\n',
    stderr: 'last\n',
  });
  // without -i nothing is typed, and what may read waits for somebody
  const again = spawn(TINYRUN, ['start', '-a', 'made'], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(again, 'close');
  await once(again.stdout, 'data');
  const guest = spawn(TINYRUN, ['start', '-i', 'made'], {
    env: sandbox.env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  guest.stdin.end('guest\n');
  expect(await text(guest.stdout)).toBe('guest\n');
  expect((await ended)[0]).toBe(4);
  expect(await refused('start', '-a', 'made', 'tty')).toMatch(
    /^1 tinyrun: you cannot start and attach multiple/,
  );
});
