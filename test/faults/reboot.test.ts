// A reboot: the boot id is another, what was running is gone, and its pids are other processes'.
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../src/native/index.ts';
import type { Step } from '../../src/plan/types.ts';
import { launchSync } from '../../src/runtime/launch.ts';
import { hasEnded, TINYRUN, until } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const run = path.join(sandbox.dir, 'run');
const state = (dir: string) => {
  const file = path.join(dir, 'state.json');
  return { file, value: JSON.parse(readFileSync(file, 'utf8')) };
};

/** A process that is nobody's container, and a state file from before a reboot that points at it, start time and all. */
function bystander(dir: string): { alive: () => boolean; end: () => void } {
  const child = spawn('sleep', ['1000']);
  const pid = child.pid ?? 0;
  const { file, value } = state(dir);
  const startTime = String(native().startTime(pid));
  const bootId = '00000000-0000-0000-0000-000000000000';
  writeFileSync(file, JSON.stringify({ ...value, pid, startTime, bootId }));
  // a signal may have come that node has not been told of
  const alive = () => / [SR] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return { alive, end: () => child.kill('SIGKILL') };
}

const removeCgroup = (at: string): Step => ({
  op: 'cgroupRemove',
  lane: 'host',
  args: { path: at },
  why: 'reboot',
});

/** A container, its id, and the end of all that would outlive no reboot: its command, and its parent if that is a monitor. */
async function running(name: string, ...flags: string[]): Promise<{ id: string; stop: () => Promise<void> }> {
  const args = ['run', ...flags, '--name', name, 'busybox', 'sh', '-c', 'echo up; exec sleep 1000'];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const [id = ''] = readdirSync(path.join(run, 'containers'));
  const { pid } = state(path.join(run, 'containers', id)).value;
  const parent = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  const stop = async () => {
    child.kill('SIGKILL');
    if (parent !== child.pid) process.kill(parent, 'SIGKILL');
    await ended;
    await until(() => hasEnded(parent) && hasEnded(pid));
  };
  return { id, stop };
}

test.each([
  ['goes with --rm', ['--rm'], []],
  ['stays, and can be removed', [], [['rm', 'before']]],
])('an empty /run: what ran has ended; it %s, and its name is free', async (_, flags, cleanup) => {
  const { id, stop } = await running('before', ...flags);
  const { cgroup } = state(path.join(run, 'containers', id)).value;
  await stop();
  // no reboot leaves a cgroup behind
  launchSync({ plan: { steps: [removeCgroup(cgroup)] } });
  rmSync(run, { recursive: true });
  mkdirSync(run);
  expect((await sandbox.tinyrun(['ps', '-q'])).stdout).toBe('');
  expect((await sandbox.tinyrun(['ps', '-a'])).stdout).not.toMatch(/ Up /);
  for (const args of cleanup) expect((await sandbox.tinyrun(args)).code).toBe(0);
  const again = await sandbox.tinyrun(['run', '--rm', '--name', 'before', 'busybox', 'echo', 'again']);
  expect(again).toMatchObject({ code: 0, stdout: 'again\n' });
});

test('a pid of the boot before is never signalled, run', async () => {
  const { id, stop } = await running('old');
  const other = bystander(path.join(run, 'containers', id));
  const killed = await sandbox.tinyrun(['kill', 'old']);
  const listed = await sandbox.tinyrun(['ps', '-q']);
  const spared = other.alive();
  other.end();
  await stop();
  await sandbox.tinyrun(['ps']);
  expect(killed).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not running/) });
  expect(listed.stdout).toBe('');
  expect(spared).toBe(true);
});

test('a pid of the boot before is never signalled, tinyrunc', async () => {
  const dir = sandbox.bundle(['sleep', '1000']);
  const id = path.basename(dir);
  const ended = sandbox.runBundle(dir);
  await sandbox.untilRunning(id);
  const home = path.join(sandbox.runcRoot, id);
  const { pid } = state(home).value;
  const other = bystander(home);
  const { stdout } = await sandbox.tinyrunc(['state', id]);
  const killed = await sandbox.tinyrunc(['kill', id, 'KILL']);
  const spared = other.alive();
  other.end();
  process.kill(pid, 'SIGKILL');
  await ended;
  await sandbox.tinyrunc(['delete', '--force', id]);
  expect(JSON.parse(stdout).status).toBe('stopped');
  expect(killed.code).not.toBe(0);
  expect(spared).toBe(true);
});
