// Much output, without a line end, to a reader that is in no hurry: nothing is lost, and nothing is kept in memory.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const MIB = 1024 * 1024;

/** The most memory a process has had, proc_pid_status(5). */
function peakOf(pid: number | undefined): number {
  const [, kib = '0'] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** Reads all that `run` prints, half of it with a pause after each piece; answers the bytes and the command's memory. */
async function read(flags: readonly string[], size: number): Promise<{ bytes: number; grown: number }> {
  const script = `read go; head -c ${size} /dev/zero | tr "\\0" x; sleep 1000`;
  const args = ['run', '--rm', '-i', ...flags, 'busybox', 'sh', '-c', `echo up; ${script}`];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let bytes = 0;
  let before = 0;
  for await (const chunk of child.stdout) {
    if (before === 0) {
      before = peakOf(child.pid);
      child.stdin.write('go\n');
      continue;
    }
    bytes += chunk.length;
    if (bytes < size / 2) await new Promise((resolve) => setImmediate(resolve));
    if (bytes >= size) break;
  }
  const grown = peakOf(child.pid) - before;
  child.kill('SIGKILL');
  await ended;
  await sandbox.tinyrun(['ps']);
  return { bytes, grown };
}

test('4 GiB through a pipe', async () => {
  const { bytes, grown } = await read([], 4096 * MIB);
  expect(bytes).toBe(4096 * MIB);
  expect(grown).toBeLessThan(16 * MIB);
});

test('128 MiB through a terminal', async () => {
  const args = [
    'run',
    '--rm',
    '-t',
    'busybox',
    'sh',
    '-c',
    `head -c ${128 * MIB} /dev/zero | tr "\\0" x; sleep 1000`,
  ];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  let bytes = 0;
  let early = 0;
  for await (const chunk of child.stdout) {
    bytes += chunk.length;
    // a while into it, when the buffers of every copy have been used
    if (early === 0 && bytes > 8 * MIB) early = peakOf(child.pid);
    if (bytes < 64 * MIB) await new Promise((resolve) => setImmediate(resolve));
    if (bytes >= 128 * MIB) break;
  }
  const grown = peakOf(child.pid) - early;
  child.kill('SIGKILL');
  await ended;
  await sandbox.tinyrun(['ps']);
  expect(bytes).toBe(128 * MIB);
  expect(grown).toBeLessThan(48 * MIB);
});
