// --init: tinyrun-init stays as PID 1, reaps what is orphaned and passes signals on.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  return sandbox.close();
});

test('1000 orphans are reaped', async () => {
  const script = `i=0; while [ $i -lt 1000 ]; do (true & true) ; i=$((i+1)); done
    n=1; while [ $n -gt 0 ]; do n=$(ps -o stat= | grep -c Z); done; echo reaped`;
  expect((await sandbox.sh(['--init'], script)).stdout).toBe('reaped\n');
});

/** A program that tells of each signal it gets, and how to stop listening to it. */
function listener(
  flags: readonly string[],
  signals: readonly number[],
  onLine: (line: string) => void,
): Promise<unknown> {
  const traps = signals.map((n) => `trap 'echo got ${n}' ${n}`).join('; ');
  // Standard signals are not queued, so each is told before the next one is sent; the short sleep lets traps run.
  const script = `${traps}; echo ready; while :; do sleep 0.01; done`;
  const child = spawn(TINYRUN, ['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], {
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  createInterface(child.stdout).on('line', (line) => onLine(line));
  send = (n) => child.kill(n as unknown as NodeJS.Signals);
  return once(child, 'close');
}
let send: (signal: number) => void;

// Like tini: not what cannot be caught (9, 19), what the kernel tells PID 1 of its own affairs (faults 4, 5, 7, 8, 11, 31,
// SIGCHLD 17, terminal input and output 21 and 22), and what is the C library's own (32, 33).
const KEPT = [4, 5, 7, 8, 9, 11, 17, 19, 21, 22, 31, 32, 33];
const EVERY = Array.from({ length: 64 }, (_, i) => i + 1).filter((n) => !KEPT.includes(n));

test('PID 1 passes every signal on', async () => {
  const rest = [...EVERY];
  const got: number[] = [];
  await listener(['--init', '--name', 'listener'], EVERY, async (line) => {
    if (line.startsWith('got ')) got.push(Number(line.slice(4)));
    await sandbox.tinyrun(['kill', '--signal', String(rest.shift() ?? 9), 'listener']);
  });
  expect(got).toEqual(EVERY);
});

// What Node can catch and does not need for itself.
const PASSED_ON = [1, 2, 3, 10, 12, 14, 15, 16, 18, 20, 24, 25, 26, 29, 30];

test.each([
  ['with --init', ['--init']],
  ['without', []],
])('signals to the command reach the program, %s', async (_, flags) => {
  const rest = [...PASSED_ON];
  const got: number[] = [];
  await listener(flags, PASSED_ON, (line) => {
    if (line.startsWith('got ')) got.push(Number(line.slice(4)));
    send(rest.shift() ?? 9);
  });
  expect(got).toEqual(PASSED_ON);
});

test('the program’s exit code comes through', async () => {
  expect((await sandbox.sh(['--init'], 'exit 33')).code).toBe(33);
  expect((await sandbox.sh(['--init'], 'kill -HUP $$')).code).toBe(129);
});

test('PID 1 is the helper, the program its child', async () => {
  const { stdout } = await sandbox.sh(['--init'], 'echo $$ $PPID; tr "\\0" "\\n" </proc/1/cmdline | head -1');
  expect(stdout).toMatch(/^2 1\n/);
});
