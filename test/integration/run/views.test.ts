// --explain, --trace, --step and --json: looking at the plan, and at how it runs.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execute, TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const containers = () => {
  const dir = path.join(sandbox.dir, 'data/containers');
  return existsSync(dir) ? readdirSync(dir) : [];
};

test('--explain prints number, lane, system call and why; it runs nothing', async () => {
  const { code, stdout, stderr } = await sandbox.tinyrun(['run', '--explain', 'busybox', 'echo', 'hello']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^ *1 +host +\S.*mkdir\(/m);
  expect(stdout).toMatch(/^ *\d+ +host +.*clone3\(\{flags=[^\n]*CLONE_NEWPID/m);
  expect(stdout).toMatch(/^ *\d+ +container +.*pivot_root\("\.", "\."\)/m);
  expect(stdout).toMatch(/^ *\d+ +container +execve\(/m);
  expect(stdout).toContain('the old root is gone, not only out of sight');
  expect(stdout).not.toMatch(/^hello$/m);
  expect(containers()).toEqual([]);
});

test('--explain --json is the same plan as data', async () => {
  const { stdout } = await sandbox.tinyrun(['run', '--explain', '--json', 'busybox', 'echo', 'hello']);
  const { steps } = JSON.parse(stdout);
  expect(steps[0]).toMatchObject({ lane: 'host', op: 'cgroupCreate' });
  const execve = steps.find((step: { op: string }) => step.op === 'execve');
  expect(execve).toMatchObject({ lane: 'container', args: { args: ['echo', 'hello'] } });
  for (const step of steps) expect(step.why).toMatch(/\S/);
});

test('--explain --undo is what takes the plan back, last step first', async () => {
  const { code, stdout } = await sandbox.tinyrun(['run', '--explain', '--undo', 'busybox', 'true']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^ *\d+ +host +write\(".*cgroup\.kill", "1"\) {2}# takes back step \d+$/m);
  expect(stdout).toMatch(/^ *\d+ +host +.*rmdir\(.*\) {2}# takes back step 1$/m);
  const json = await sandbox.tinyrun(['run', '--explain', '--undo', '--json', 'busybox', 'true']);
  const { steps } = JSON.parse(json.stdout);
  expect(steps.at(-1)).toMatchObject({ op: 'cgroupRemove', why: 'takes back step 1' });
});

test('the plan that docs/how-run-works.md quotes is the one of a run', async () => {
  const { stdout } = await sandbox.tinyrun([
    'run',
    '--explain',
    '--json',
    '--rm',
    'busybox',
    'echo',
    'hello',
  ]);
  const ops = JSON.parse(stdout).steps.map(({ op }: { op: string }) => op);
  const golden = readFileSync(path.resolve('test/golden/plan/tinyrun-run.txt'), 'utf8');
  expect(ops).toEqual([...golden.matchAll(/^ {6}\{"(\w+)"/gm)].map(([, op]) => op));
});

test('--trace: the program’s output is its own, the steps with times and totals go to standard error', async () => {
  const { code, stdout, stderr } = await sandbox.tinyrun([
    'run',
    '--rm',
    '--trace',
    'busybox',
    'sh',
    '-c',
    'echo hello; exit 3',
  ]);
  expect({ code, stdout }).toEqual({ code: 3, stdout: 'hello\n' });
  expect(stderr).toMatch(/^ *\d+ +container +[\d.]+ µs +ok +.*pivot_root/m);
  expect(stderr).toMatch(/\n\d+ steps: host lane [\d.]+ µs .*container lane [\d.]+ µs\n/);
  // what is done around the plan
  expect(stderr).toMatch(/^ +command +[\d.]+ µs {2}ok {4}symlink\(".*\/names\/\w+"\)$/m);
  expect(stderr).toMatch(/\n\d+ deeds in [\d.]+ µs\n$/);
});

test('--trace of a plan that fails shows the step that did', async () => {
  const { code, stderr } = await sandbox.tinyrun(['run', '--rm', '--trace', 'busybox', 'nothere']);
  expect(code).toBe(127);
  expect(stderr).toMatch(/ execve nothere: ENOENT {2}faccessat2/);
  expect(stderr).toMatch(/\ntinyrun: exec: "nothere": executable file not found/);
  expect(containers()).toEqual([]);
});

test('--step without a terminal goes through, each step printed with the pid and how to look at it', async () => {
  const args = ['setsid', '--wait', TINYRUN, 'run', '--rm', '--step', 'busybox', 'echo', 'hello'];
  const { code, stdout, stderr } = await execute(args[0] ?? '', args.slice(1), { env: sandbox.env });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'hello\n' });
  expect(stderr).toMatch(/pid (\d+): ls -l \/proc\/\1\/ns; nsenter --target \1 /);
  expect(stderr).toMatch(/container +.*pivot_root/);
});
