// A program that uses the library goes on while a container is set up; the command line, which has nothing else to do, waits.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine } from '../../../src/engine/engine.ts';
import { Sandbox } from '../../support/sandbox.ts';

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
    onPlan: () => {
      ran = false;
      setImmediate(() => (ran = true));
    },
    onLaunched: () => (seen = ran),
  };
  // who came back from the plan late finds it launched before it looks for what else there is to do
  for (let tries = 0; tries < (expected ? 20 : 1) && !seen; tries++) {
    const config = { image: 'busybox', args: ['true'], autoRemove: true };
    expect(await engine.run(config, { blocking }, watch)).toMatchObject({ exitCode: 0 });
  }
  expect(seen).toBe(expected);
});

it('a program is told of fields, not of flags, and nothing is made', async () => {
  const engine = createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
  const refused = async (config: object, options = {}) =>
    await engine.run({ image: 'busybox', ...config }, options).catch((error: Error) => error);
  expect(await refused({ limits: { memory: 1 } })).toMatchObject({
    code: 'USAGE',
    field: 'limits.memory',
    message: 'limits.memory: minimum memory limit allowed is 6MB',
  });
  expect(await refused({ namespaces: { pid: { container: 'none' } } }, { pull: 'never' })).toMatchObject({
    message: 'namespaces.pid.container: no such container',
  });
  expect(await refused({}, { name: '.' })).toMatchObject({ field: 'name' });
  expect(await refused({ rm: true })).toMatchObject({ field: 'rm', message: 'rm: there is no such field' });
  expect(engine.list()).toEqual([]);
});
