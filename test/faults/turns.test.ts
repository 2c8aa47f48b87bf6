// A container whose command was killed, while another command takes it back: whoever comes meanwhile is answered as if
// that were over.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { takeTurn } from '../../src/store/lock.ts';
import { attend } from '../support/actor.ts';
import { hasEnded, until } from '../support/programs.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

/** What a killed `run --rm` left, and the turn of who takes it back. */
async function leftAndTaken(name: string) {
  const args = ['--rm', '--name', name, 'busybox', 'sh', '-c', 'echo up; sleep 1000'];
  const { child, up, result } = attend(args, sandbox.env);
  expect(await up).toBe(true);
  const [id = ''] = readdirSync(`${sandbox.dir}/run/containers`);
  const run = path.join(sandbox.dir, 'run/containers', id);
  const { pid } = JSON.parse(readFileSync(`${run}/state.json`, 'utf8'));
  child.kill('SIGKILL');
  await result;
  await until(() => hasEnded(pid));
  const file = `${run}/lock`;
  const turn = takeTurn(file, true);
  if (typeof turn === 'string') throw new Error(`the lock is ${turn}`);
  return { turn, waiting: waitersOf(statSync(file).ino) };
}

/** How many wait for a lock of a file; proc_locks(5): `-> OFDLCK …`. */
const waitersOf = (inode: number) => () =>
  readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' -> ') && line.includes(`:${inode} `)).length;

test.each([
  ['run --rm --name left busybox echo here', 0, 'here\n', /^$/],
  ['inspect left', 1, '[]\n', /no such object: left/i],
  ['kill left', 1, '', /no such container: left/i],
  ['rm left', 1, '', /no such container: left/i],
  ['rm -f left', 0, '', /no such container: left/i],
])('%s', async (line, code, stdout, stderr) => {
  const { turn, waiting } = await leftAndTaken('left');
  const asked = sandbox.tinyrun(line.split(' '));
  let isAnswered = false;
  asked.then(() => {
    isAnswered = true;
  });
  await until(() => isAnswered || waiting() === 1);
  // nobody who only looks minds
  expect((await sandbox.tinyrun(['ps', '-q', '--filter', 'name=left'])).code).toBe(0);
  turn.release();
  expect(await asked).toEqual({ code, stdout, stderr: expect.stringMatching(stderr) });
});
