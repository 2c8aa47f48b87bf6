// run -t on a real terminal: a pty whose other end the test holds, tinyrun in a session of its own with it as the
// controlling terminal.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { native } from '../../../src/native/index.ts';
import { pumpTerminal } from '../../../src/runtime/terminal.ts';
import { hasEnded } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';
import { Terminal } from '../../support/terminal.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

test.each(['by the command', 'by a monitor'])(
  'a shell, %s: prompt, size, resize, Ctrl-C, exit code, the host’s terminal as it was',
  async (parent) => {
    const kept = parent === 'by a monitor' ? ['--name', 'kept'] : ['--rm'];
    const terminal = new Terminal(sandbox, 'run', ...kept, '-it', 'busybox', 'sh');
    await terminal.until(/\/ # /);
    expect(await terminal.isCooked()).toBe(false);
    terminal.type('stty size\n');
    await terminal.until(/\n24 80\r/);
    terminal.type('trap "echo resized to $(stty size)" WINCH; tty; ls -l /proc/self/fd/0 /dev/console\n');
    await terminal.until(/\/dev\/pts\/0\r/);
    terminal.resize(50, 132);
    // what is typed may come before the new size does, which a signal tells the command of
    do terminal.type('stty size\n');
    while (!(await terminal.until(/\n(24 80|50 132)\r/)).includes('50 132'));
    terminal.type('sh -c "echo asleep; sleep 1000"\n');
    await terminal.until(/\nasleep\r/);
    terminal.type('\x03');
    terminal.type('echo then $?\n');
    await terminal.until(/then 130\r/);
    terminal.type('exit 42\n');
    expect(await terminal.ended).toBe(42);
    expect(await terminal.isCooked()).toBe(true);
    if (parent === 'by a monitor') await sandbox.tinyrun(['rm', 'kept']);
    terminal.close();
  },
);

test.each(['the container', 'the command'])('the terminal is restored when %s is killed', async (whom) => {
  const terminal = new Terminal(
    sandbox,
    'run',
    '--rm',
    '--name',
    'crash',
    '-it',
    '--no-sig-proxy',
    'busybox',
    'sh',
  );
  await terminal.until(/\/ # /);
  expect(await terminal.isCooked()).toBe(false);
  if (whom === 'the command') terminal.child.kill('SIGTERM');
  else await sandbox.tinyrun(['kill', '-s', 'KILL', 'crash']);
  expect(await terminal.ended).toBe(whom === 'the command' ? null : 137);
  expect(await terminal.isCooked()).toBe(true);
  expect((await sandbox.tinyrun(['ps', '-aq'])).stdout).toBe('');
  terminal.close();
});

test('--step goes on at Enter, n and c; ? helps, q and Ctrl-C take the half-built container along', async () => {
  const prompt = /\[Enter, n, c, q, \?\] /;
  for (const [end, code] of [
    ['\x03', 130],
    ['q\n', 130],
    ['c\n', 0],
  ] as const) {
    const terminal = new Terminal(sandbox, 'run', '--rm', '--step', 'busybox', 'true');
    const pid = /\d+/.exec(await terminal.until(/pid \d+/))?.[0] ?? '';
    await terminal.until(/setsid\(\)/);
    await terminal.until(prompt);
    const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(/^0::(.*)$/m)?.[1];
    expect(cgroup).toMatch(/tinyrun/);
    terminal.type('?\n');
    await terminal.until(/run up to that step/);
    terminal.type('n pivotRoot\n');
    await terminal.until(/fchdir\(root\)[\s\S]*\[Enter, n, c, q, \?\] $/);
    terminal.type(end);
    expect(await terminal.ended).toBe(code);
    expect(terminal.all.match(/nsenter/g)).toHaveLength(1);
    expect(terminal.all).toMatch(/ undo {2}/);
    expect(/execve\(/.test(terminal.all)).toBe(code === 0);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(`/sys/fs/cgroup/unified${cgroup}`) || existsSync(`/sys/fs/cgroup${cgroup}`)).toBe(
      false,
    );
    terminal.close();
  }
});

test.each(['--rm', '--name=seq'])('%s: all of the output comes through at the end', async (flag) => {
  const terminal = new Terminal(sandbox, 'run', flag, '-t', 'busybox', 'seq', '1', '50000');
  expect(await terminal.ended).toBe(0);
  await terminal.until(/49999\r+\n50000\r+\n/);
  await sandbox.tinyrun(['rm', 'seq']);
  terminal.close();
});

test('a process left behind in the host’s pid namespace ends with the container and keeps nobody waiting', async () => {
  const script = 'sleep 1000 & echo $!';
  const { code, stdout } = await sandbox.sh(['-t', '--pid', 'host'], script);
  expect(code).toBe(0);
  expect(hasEnded(Number(stdout))).toBe(true);
});

test('-t without -i and without a terminal; -i -t without one is refused', async () => {
  expect(await sandbox.tinyrun(['run', '--rm', '-t', 'busybox', 'tty'])).toEqual({
    code: 0,
    stdout: '/dev/pts/0\r\n',
    stderr: '',
  });
  expect(await sandbox.tinyrun(['run', '--rm', '-it', 'busybox', 'tty'])).toMatchObject({
    code: 125,
    stderr: expect.stringMatching(/^tinyrun: the input device is not a TTY\n/),
  });
});

// libuv takes a hang-up after one short read for the end, and of a pty no read answers more than 4095 bytes
test('what lies in the pty when the program has ended comes through, more than one read of it', async () => {
  const { master, slave } = native().openpty({ rows: 24, columns: 80 });
  const program = spawn('seq', ['1', '1500'], { stdio: ['ignore', slave, 'inherit'] });
  native().close(slave);
  await new Promise((resolve) => program.on('exit', resolve));
  let text = '';
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((chunk, ...rest: unknown[]) => {
    text += String(chunk);
    const written = rest.find((each) => typeof each === 'function');
    if (written) setImmediate(() => written());
    return true;
  });
  const pump = pumpTerminal({ master, stdin: false });
  await pump.drained;
  pump.detach();
  stdout.mockRestore();
  expect(text).toBe(Array.from({ length: 1500 }, (_, i) => `${i + 1}\r\n`).join(''));
});
