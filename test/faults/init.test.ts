// --init: tinyrun-init stays as PID 1, reaps what is orphaned and passes signals on.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Sandbox, TINYRUN } from '../security/support.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

test('1000 orphans are reaped', { timeout: 60_000 }, async () => {
  const script = `i=0; while [ $i -lt 1000 ]; do (true & true) ; i=$((i+1)); done
    n=1; while [ $n -gt 0 ]; do n=$(ps -o stat= | grep -c Z); done; echo reaped`;
  expect((await sandbox.sh(['--init'], script)).stdout).toBe('reaped\n');
});

// Not to be caught or not to be asked for: SIGKILL, SIGSTOP; the C library's own two; and those with which the kernel
// tells the command of its own affairs (a child, a terminal).
const CATCHABLE = [1, 2, 3, 6, 10, 12, 13, 14, 15, 16, 18, 24, 25, 26, 29, 30, 34, 40, 50, 63, 64];

test.each([
  ['with --init', ['--init']],
  ['without', []],
])('signals to the command reach the program, %s', { timeout: 60_000 }, async (_, flags) => {
  // Each is told by the program before the next one is sent: standard signals are not queued.
  const traps = CATCHABLE.map((n) => `trap 'echo got ${n}' ${n}`).join('; ');
  const args = [
    'run',
    '--rm',
    ...flags,
    'busybox',
    'sh',
    '-c',
    `${traps}; echo ready; while :; do sleep 0.01; done`,
  ];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: ['ignore', 'pipe', 'pipe'] });
  const rest = CATCHABLE.filter((n) => n !== 13);
  const got: number[] = [];
  let buffer = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    buffer += text;
    const lines = buffer.split('\n');
    buffer = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('got ')) got.push(Number(line.slice(4)));
      const next = rest.shift();
      if (next === undefined) child.kill('SIGKILL');
      else child.kill(next as unknown as NodeJS.Signals);
    }
  });
  await new Promise((resolve) => child.on('close', resolve));
  expect(got).toEqual(CATCHABLE.filter((n) => n !== 13));
});

test('the program’s exit code comes through', async () => {
  expect((await sandbox.sh(['--init'], 'exit 33')).code).toBe(33);
  expect((await sandbox.sh(['--init'], 'kill -HUP $$')).code).toBe(129);
});

test('PID 1 is the helper, the program its child', async () => {
  const { stdout } = await sandbox.sh(['--init'], 'echo $$ $PPID; tr "\\0" "\\n" </proc/1/cmdline | head -1');
  expect(stdout).toMatch(/^2 1\n/);
});
