// SIGKILL of `start` at what it makes, takes or tells: the container then runs, or is what it was. Its program counts its
// lives and ends with their number, so that an old end is never taken for a new one, nor a new one lost.
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import { TINYRUN, until } from '../support/programs.ts';
import { Scene } from './support.ts';

const scene = new Scene();
let engine: Engine;
beforeAll(async () => {
  await scene.layer();
  engine = createEngine(scene.roots);
});
afterAll(() => scene.close());

const COUNTS = 'read n < /n; n=$((n + 1)); echo $n > /n; exit $n';
const counted = { image: 'busybox', args: ['sh', '-c', COUNTS] };

function livesOf(id: string): number {
  const file = path.join(scene.roots.dataRoot, 'containers', id, 'upper/n');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
}

/** Nothing of it runs any more, and what is said of it is so. */
async function settled(id: string, when: string): Promise<void> {
  await until(() => {
    scene.sweep();
    return scene.containers().length === 0;
  });
  const { status, record } = engine.find(id);
  const lives = livesOf(id);
  expect({ status, code: record.exit?.code }, when).toEqual(
    lives === 0 ? { status: 'created', code: undefined } : { status: 'exited', code: lives },
  );
}

const CALLS = 'flock rename unlink recvmsg'.split(' ');

test.each(CALLS)('start, at each %s', async (call) => {
  let last = 0;
  for (let n = 1; n <= 12; n++) {
    const strace = `strace -qq -o /dev/null -e trace=${call} -e inject=${call}:signal=SIGKILL:when=${n}`;
    const id = await engine.create(counted);
    let code = 0;
    for (const before of ['created', 'exited']) {
      if (before === 'exited') await engine.start(id);
      await settled(id, before);
      ({ code } = await scene.under(strace.split(' '), TINYRUN, ['start', id]));
      await settled(id, `${before}, killed at ${call} number ${n}`);
    }
    // whatever it was, it can be started
    const lives = livesOf(id);
    await engine.start(id);
    await settled(id, 'again');
    expect(livesOf(id)).toBe(lives + 1);
    await engine.remove(id);
    if (code === 0) break;
    last = n;
  }
  expect(last).toBeGreaterThan(0);
  await scene.expectNothingLeft(`after ${last} kills`, [], []);
});

test.each(['symlink', 'rename', 'unlink'])(
  'rename, at each %s: one of its names is in its record',
  async (call) => {
    const id = await engine.create({ image: 'busybox' }, { name: 'old' });
    const strace = `strace -qq -o /dev/null -e trace=${call} -e inject=${call}:signal=SIGKILL:when=1`;
    await scene.under(strace.split(' '), TINYRUN, ['rename', 'old', 'young']);
    const { name } = engine.find(id).record;
    expect(engine.find(name).record.id).toBe(id);
    await engine.rename(id, 'third');
    await engine.remove('third');
    await scene.expectNothingLeft(`killed at ${call}`, [], []);
    for (const free of ['old', 'young', 'third']) {
      await engine.create({ image: 'busybox' }, { name: free });
      await engine.remove(free);
    }
  },
);

test('a name whose holder is gone is free', async () => {
  symlinkSync('f'.repeat(64), path.join(scene.roots.dataRoot, 'names/lost'));
  scene.sweep();
  expect(existsSync(path.join(scene.roots.dataRoot, 'names'))).toBe(true);
  await engine.create({ image: 'busybox' }, { name: 'lost' });
  await engine.remove('lost');
});
