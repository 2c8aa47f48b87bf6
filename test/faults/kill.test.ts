// SIGKILL at every step of `run`. Whatever the moment, a sweep (twice, since it must not mind its own work) leaves
// nothing behind and the same command works again.
import { spawn } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TINYRUN } from '../support/programs.ts';
import { identity, Scene } from './support.ts';

const scene = new Scene();

beforeAll(() => scene.layer());
afterAll(() => scene.close());

/** Steps through a run and kills the command at the `n`th prompt; false when there are fewer. */
function killAtPrompt(n: number): Promise<{ killed: boolean; ids: string[]; processes: string[] }> {
  const child = spawn(TINYRUN, ['run', '--rm', '--step', 'busybox', 'true'], {
    env: scene.env,
    stdio: 'pipe',
  });
  const seen = { killed: false, ids: [] as string[], processes: [] as string[] };
  let prompts = 0;
  let told = '';
  const look = (text: string) => {
    told += text;
    // the pid is told once, a prompt comes at each step, in as many pieces as the pipe makes of them
    while (told.split('[Enter,').length - 1 > prompts) {
      if (++prompts < n) child.stdin.write('\n');
      else if (!seen.killed) {
        seen.killed = true;
        seen.ids = scene.containers();
        seen.processes = [identity(Number(/pid (\d+): /.exec(told)?.[1]))];
        child.kill('SIGKILL');
      }
    }
  };
  child.stdout.setEncoding('utf8').on('data', look);
  child.stderr.setEncoding('utf8').on('data', look);
  child.stdin.on('error', () => undefined);
  return new Promise((resolve) => child.on('close', () => resolve(seen)));
}

test('at each step of the container lane', { timeout: 240_000 }, async () => {
  let n = 1;
  for (; ; n++) {
    const { killed, ids, processes } = await killAtPrompt(n);
    if (!killed) break;
    expect(processes, `step ${n}`).not.toContain('');
    await scene.expectNothingLeft(`killed before container step ${n}`, ids, processes);
  }
  expect(n).toBeGreaterThan(20);
  expect((await scene.sh([], 'echo again')).stdout).toBe('again\n');
});

// The host lane and what surrounds it: every system call that makes, takes or tells something.
const CALLS = (
  'mkdir mkdirat openat2 flock rename renameat2 memfd_create clone3 sendmsg recvmsg poll ' +
  'bpf waitid unlinkat unlink rmdir pwrite64 socketpair symlink execveat splice'
).split(' ');

// output for a socket, which a test's is, would not be spliced, nor is the mere end of it by who comes after the container's
const RUN = ['-c', 'exec "$0" run --rm busybox echo spliced >/dev/null', TINYRUN];

test.each(CALLS)('at each %s', async (call) => {
  let last = 0;
  for (let n = 1; n <= 40; n++) {
    const inject =
      `strace -f -qq -o /dev/null -e trace=${call} -e inject=${call}:signal=SIGKILL:when=${n}`.split(' ');
    const before = scene.containers();
    const { code, stderr } = await scene.under(inject, 'sh', RUN);
    await scene.expectNothingLeft(`killed at ${call} number ${n}`, [...before, ...scene.containers()], []);
    if (code === 0) break;
    // The command was killed, or its helper, or the program as it began.
    expect(`${code} ${stderr}`, `${call} number ${n}`).toMatch(/ended by SIGKILL|tinyrun: |^137 $/m);
    last = n;
  }
  // a call that is never made would prove nothing
  expect(last).toBeGreaterThan(0);
  expect((await scene.sh([], 'echo again')).stdout, `after ${last} kills`).toBe('again\n');
});
