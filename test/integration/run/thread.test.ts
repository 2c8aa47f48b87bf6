// A program that uses the library goes on while a container is set up; the command line, which has nothing else to do, waits.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';
import { Sandbox } from '../../security/support.ts';

const sandbox = new Sandbox();
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

it.each([
  [false, true],
  [true, false],
])('blocking: %s, others run meanwhile: %s', async (blocking, expected) => {
  const engine = createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
  let [ran, seen] = [false, false];
  const watch = {
    onPlan: () => setImmediate(() => (ran = true)),
    onLaunched: () => (seen = ran),
  };
  const { exitCode } = await engine.run(
    { image: 'busybox', args: ['true'], autoRemove: true },
    { blocking },
    watch,
  );
  expect({ exitCode, seen }).toEqual({ exitCode: 0, seen: expected });
});
