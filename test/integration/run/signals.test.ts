// Signals that come while a container is being made. In a process of its own: they are sent to it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Sandbox } from '../../security/support.ts';

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
    .run({ image: 'busybox', args: ['sleep', '60'], rm: true, init: true }, { sigProxy: true, blocking }, watch)
    .then(({ exitCode, signal }) => console.log(exitCode, signal));
`;

it.each(['blocking', 'off the main thread'])('%s: an early SIGTERM reaches the container', (mode) => {
  const library = join(import.meta.dirname, '../../../dist/index.cjs');
  const argv = ['-e', PROGRAM, library, sandbox.dir, mode];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', timeout: 120_000 });
  expect({ stdout, stderr }).toEqual({ stdout: '143 undefined\n', stderr: '' });
});
