// The signal at the parent's death (PR_SET_PDEATHSIG) is taken away by the exec of a set-uid program, and a container whose
// command was killed goes on. Its life hangs on its cgroup, too: the next command ends it, whatever it has become.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../src/native/index.ts';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const programs = path.join(sandbox.dir, 'programs');
beforeAll(async () => {
  await sandbox.layer();
  mkdirSync(programs);
  // busybox goes by the name it is called by
  cpSync('/bin/busybox', path.join(programs, 'sh'));
  chmodSync(path.join(programs, 'sh'), 0o4755);
});
afterAll(() => sandbox.close());

/** A container that has said something, and its first process as the host sees it. */
async function started(flags: readonly string[]): Promise<{ child: ChildProcess; pid: number }> {
  const script = 'grep "^Uid" /proc/self/status; while :; do sleep 1; done';
  const args = [
    'run',
    '--rm',
    '-u',
    '1000',
    '-v',
    `${programs}:/p`,
    ...flags,
    'busybox',
    '/p/sh',
    '-c',
    script,
  ];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: ['ignore', 'pipe', 'inherit'] });
  // busybox gives the rights up at once; the kernel has acted on the bit by then
  expect(String(await once(child.stdout, 'data'))).toMatch(/^Uid:\t1000\t/);
  const running = path.join(sandbox.dir, 'run/containers');
  const [id = ''] = readdirSync(running);
  return { child, pid: JSON.parse(readFileSync(path.join(running, id, 'state.json'), 'utf8')).pid };
}

test.each([
  ['with pids of its own', []],
  ['with the host’s pids', ['--pid', 'host']],
  ['with --init, whose PID 1 is ours and dies at once', ['--init']],
])('%s', async (_name, flags) => {
  const { child, pid } = await started(flags);
  const pidfd = native().pidfdOpen(pid);
  const ended = native().pollPidfd(pidfd);
  child.kill('SIGKILL');
  await once(child, 'exit');
  if (flags.includes('--init')) await ended;
  // alive until somebody looks: signal 0 is sent to nobody
  else native().pidfdSendSignal(pidfd, 0);
  expect((await sandbox.tinyrun(['ps', '-aq'])).stdout).toBe('');
  await ended;
  native().close(pidfd);
  child.stdout?.destroy();
});
