// What cannot be taken back is kept, told, and tried again.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encode } from '../../src/plan/encode.ts';
import { TINYRUN } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const containers = path.join(sandbox.dir, 'run/containers');

/** A container that runs until its input ends; its run directory, and how its command ends. */
async function running(...flags: string[]) {
  const args = ['run', '-i', ...flags, 'busybox', 'sh', '-c', 'echo up; cat; exit 7'];
  const child = spawn(TINYRUN, args, { env: sandbox.env, stdio: 'pipe' });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, stderr }));
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const [id = ''] = readdirSync(containers);
  return { child, ended, id, run: path.join(containers, id) };
}

const statusOf = async () =>
  (await sandbox.tinyrun(['ps', '-a', '--format', '{{.Names}} {{.State}} {{.Status}}'])).stdout;

const removal = (dir: string) =>
  encode({ steps: [{ op: 'rmdir', lane: 'host', args: { path: dir }, why: '', mayFail: true }] });

test('an entry whose undo fails: told, kept, the container is dead until it can be', async () => {
  const { child, ended, id, run } = await running('--rm', '--name', 'stuck');
  const made = path.join(sandbox.dir, 'made');
  mkdirSync(path.join(made, 'in-the-way'), { recursive: true });
  writeFileSync(path.join(run, 'journal.02-net-web'), removal(made));
  child.stdin.end();
  const { code, stderr } = await ended;
  expect(stderr).toMatch(/^tinyrun: clean up .*: unlinkat .*made: directory not empty\nhint: /);
  expect(code).toBe(125);
  // the entry of its start has gone, and with it the cgroup
  expect(readdirSync(run).filter((name) => name.includes('journal'))).toEqual(['journal.02-net-web']);
  expect(await statusOf()).toBe('stuck dead Dead\n');
  const inspected = await sandbox.tinyrun([
    'inspect',
    '--format',
    '{{.State.Dead}} {{.State.ExitCode}}',
    'stuck',
  ]);
  expect(inspected.stdout).toBe('true 7\n');
  const refused = await sandbox.tinyrun(['rm', '--force', 'stuck']);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('directory not empty')]);
  // another container is not kept from running
  expect((await sandbox.sh([], 'echo other')).stdout).toBe('other\n');
  rmSync(path.join(made, 'in-the-way'), { recursive: true });
  expect(await statusOf()).toBe('');
  expect([
    existsSync(made),
    existsSync(run),
    existsSync(path.join(sandbox.dir, 'data/containers', id)),
  ]).toEqual([false, false, false]);
});

test('a damaged entry, after a kill: named and kept; the container goes once it has been seen to', async () => {
  const { child, ended, run } = await running('--rm', '--name', 'damaged');
  writeFileSync(path.join(run, 'journal.02-net-web'), removal('/nowhere').subarray(0, 290));
  child.kill('SIGKILL');
  await ended;
  expect(await statusOf()).toBe('damaged dead Dead\n');
  const refused = await sandbox.tinyrun(['rm', 'damaged']);
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/read .*journal\.02-net-web: .*\nhint: .*by hand/),
  ]);
  rmSync(path.join(run, 'journal.02-net-web'));
  expect(await statusOf()).toBe('');
  expect(readdirSync(containers)).toEqual([]);
});
