// Signals that come while a container is being made. In a process of its own: they are sent to it.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TINYRUN } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const PROGRAM = `
  const { createEngine } = require(process.argv[1]);
  const engine = createEngine({ dataRoot: process.argv[2] + '/data', runRoot: process.argv[2] + '/run' });
  const blocking = process.argv[3] === 'blocking';
  // a plan is known before there is a process, and the next turn of the loop is when the signal is heard
  const watch = { onPlan: () => process.nextTick(() => process.kill(process.pid, 'SIGTERM')) };
  engine
    .run({ image: 'busybox', args: ['sleep', '60'], autoRemove: true, init: true }, { sigProxy: true, blocking }, watch)
    .then(({ exitCode, signal }) => console.log(exitCode, signal));
`;

it.each(['blocking', 'off the main thread'])('%s: an early SIGTERM reaches the container', (mode) => {
  const library = join(import.meta.dirname, '../../../dist/index.cjs');
  const argv = ['-e', PROGRAM, library, sandbox.dir, mode];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 120_000 });
  expect({ stdout, stderr }).toEqual({ stdout: '143 undefined\n', stderr: '' });
});

/** A container in the foreground that minds no signal, and how its command ended. */
async function ask(flags: readonly string[], signals: readonly NodeJS.Signals[]) {
  const script = 'trap "echo heard" INT TERM; echo up; while :; do sleep 0.02; done';
  const child = spawn(TINYRUN, ['run', '--rm', ...flags, 'busybox', 'sh', '-c', script], {
    env: sandbox.env,
  });
  let [out, err] = ['', ''];
  const heard = () => out.match(/heard/g)?.length ?? 0;
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const closed = once(child, 'close');
  for await (const chunk of child.stdout) {
    out += chunk;
    const next = signals[heard()];
    if (out.includes('up') && next) child.kill(next);
  }
  await closed;
  return { heard: heard(), err, code: child.exitCode, signal: child.signalCode };
}

it('who asks a third time is obeyed, as with Docker’s client; nothing of the container is left', async () => {
  const { heard, err, code } = await ask([], ['SIGINT', 'SIGTERM', 'SIGINT']);
  expect({ heard, err, code }).toEqual({
    heard: 2,
    err: expect.stringContaining('got 3 SIGTERM/SIGINTs, forcefully exiting'),
    code: 1,
  });
  expect((await sandbox.tinyrun(['ps', '-aq'])).stdout).toBe('');
});

it.each(['--sig-proxy=false', '--no-sig-proxy'])('%s: the signal ends the command', async (flag) => {
  expect(await ask([flag], ['SIGINT'])).toMatchObject({ heard: 0, signal: 'SIGINT' });
  await sandbox.tinyrun(['ps', '-aq']);
});
