// SIGKILL at every step of `run`. Whatever the moment, a sweep (twice, since it must not mind its own work) leaves
// nothing behind and the same command works again.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweepAll } from '../../src/engine/sweep.ts';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const roots = { dataRoot: path.join(sandbox.dir, 'data'), runRoot: path.join(sandbox.dir, 'run') };

beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const list = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir) : []);
const containers = () => list(path.join(roots.runRoot, 'containers'));

/** A process as pid and start time: a pid alone may come back as somebody else's. '' when it has ended. */
function identity(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X' ? '' : `${pid} ${rest[18]}`;
  } catch {
    return '';
  }
}

const alive = (process: string) => identity(Number(process.split(' ')[0])) === process;

const CGROUP_ROOTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** cgroup directories of the given containers; those of other tests come and go meanwhile. */
function cgroupsOf(ids: readonly string[]): string[] {
  const root = CGROUP_ROOTS.find((dir) => existsSync(path.join(dir, 'cgroup.controllers')));
  return list(path.join(root ?? '', 'tinyrun')).filter((name) => ids.some((id) => name.includes(id)));
}

/** What is left after a kill, swept twice. */
async function expectNothingLeft(
  when: string,
  ids: readonly string[],
  processes: readonly string[],
): Promise<void> {
  sweepAll(roots);
  sweepAll(roots);
  const patience = Date.now() + 60_000;
  while (processes.some(alive) && Date.now() < patience)
    await new Promise((resolve) => setImmediate(resolve));
  const left = {
    processes: processes.filter(alive),
    cgroups: cgroupsOf(ids),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(sandbox.dir)),
    run: containers(),
    data: list(path.join(roots.dataRoot, 'containers')),
  };
  expect(left, when).toEqual({ processes: [], cgroups: [], mounts: [], run: [], data: [] });
}

/** Steps through a run and kills the command at the `n`th prompt; false when there are fewer. */
function killAtPrompt(n: number): Promise<{ killed: boolean; ids: string[]; processes: string[] }> {
  const child = spawn(TINYRUN, ['run', '--rm', '--step', 'busybox', 'true'], {
    env: sandbox.env,
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
        seen.ids = containers();
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
    await expectNothingLeft(`killed before container step ${n}`, ids, processes);
  }
  expect(n).toBeGreaterThan(20);
  expect((await sandbox.sh([], 'echo again')).stdout).toBe('again\n');
});

// The host lane and what surrounds it: every system call that makes, takes or tells something.
const CALLS = (
  'mkdir mkdirat openat2 flock rename renameat2 memfd_create clone3 sendmsg recvmsg poll ' +
  'bpf waitid unlinkat unlink rmdir pwrite64 socketpair symlink execveat splice'
).split(' ');

test.each(CALLS)('at each %s', async (call) => {
  let last = 0;
  for (let n = 1; n <= 40; n++) {
    const inject =
      `strace -f -qq -o /dev/null -e trace=${call} -e inject=${call}:signal=SIGKILL:when=${n}`.split(' ');
    const before = containers();
    const { code, stderr } = await sandbox.under(inject, TINYRUN, ['run', '--rm', 'busybox', 'true']);
    await expectNothingLeft(`killed at ${call} number ${n}`, [...before, ...containers()], []);
    if (code === 0) break;
    // The command was killed, or its helper, or the program as it began.
    expect(`${code} ${stderr}`, `${call} number ${n}`).toMatch(/ended by SIGKILL|tinyrun: |^137 $/m);
    last = n;
  }
  // a call that is never made would prove nothing
  expect(last).toBeGreaterThan(0);
  expect((await sandbox.sh([], 'echo again')).stdout, `after ${last} kills`).toBe('again\n');
});
