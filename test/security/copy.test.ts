// cp, with a container that wants what is the host's: CVE-2018-15664, 2019-14271 and their kind.
import { once } from 'node:events';
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/index.ts';
import { RunningContainer } from '../support/running.ts';
import { Sandbox } from '../support/sandbox.ts';

const sandbox = new Sandbox();
const here = path.join(sandbox.dir, 'here');
let prey: RunningContainer;
beforeAll(async () => {
  await sandbox.layer();
  mkdirSync(here);
  writeFileSync(path.join(here, 'file'), 'mine\n');
  prey = await RunningContainer.start(sandbox, 'prey', '--cap-add', 'MKNOD', 'busybox', 'sleep', '1000');
});
afterEach(() => sandbox.checkHost());
afterAll(async () => {
  await prey.remove();
  await sandbox.close();
});

const cp = (...args: string[]) => sandbox.tinyrun(['cp', ...args], { cwd: here });
const sh = (script: string) => sandbox.tinyrun(['exec', 'prey', 'sh', '-c', script]);

/** To the canary of the host, whoever resolves it. */
const ways = () => [sandbox.canary, `${'../'.repeat(30)}${sandbox.canary}`, `/proc/1/root${sandbox.canary}`];

test('into a container: no link leads to the host', async () => {
  for (const [index, way] of ways().entries()) {
    await sh(`ln -s ${way} /way${index}; ln -s ${way}/secret /file${index}`);
    for (const target of [
      `/way${index}`,
      `/way${index}/`,
      `/way${index}/secret`,
      `/file${index}`,
      `/way${index}/sub/x`,
    ])
      await cp('file', `prey:${target}`);
    await cp('.', `prey:/way${index}/`);
  }
});

test('out of a container: no link leads to the host', async () => {
  for (const [index, way] of ways().entries()) {
    await sh(`ln -s ${way} /out${index}; ln -s ${way}/secret /leak${index}`);
    for (const source of [`/out${index}/secret`, `/out${index}/.`, `/leak${index}`, `/out${index}`])
      await cp('-L', `prey:${source}`, 'got');
  }
  expect(readdirSync(here)).toEqual(['file']);
});

/** Exchanges two names in a thread of its own, until it is told to stop. */
const SWAPPER = `
  const { addon, a, b, stop } = require('node:worker_threads').workerData;
  const { renameat2 } = require(addon);
  const flag = new Int32Array(stop);
  while (Atomics.load(flag, 0) === 0) renameat2(-100, a, -100, b, 2);`;

test('a directory that becomes a link while it is copied to', async () => {
  await sh(`mkdir -p /swap/a; ln -s ${sandbox.canary} /swap/b`);
  const { Pid } = await prey.state();
  const [a, b] = ['a', 'b'].map((name) => `/proc/${Pid}/root/swap/${name}`);
  const stop = new SharedArrayBuffer(4);
  const addon = path.resolve('build/Release/tinyrun.node');
  const worker = new Worker(SWAPPER, { eval: true, workerData: { addon, a, b, stop } });
  const engine = createEngine({ dataRoot: sandbox.env.TINYRUN_ROOT, runRoot: sandbox.env.TINYRUN_RUN_ROOT });
  const prison = engine.container('prey');
  const copied = { well: 0, not: 0 };
  for (let n = 0; n < 600; n++) {
    const to = n % 2 === 0 ? '/swap/a/' : '/swap/a/secret';
    await prison.copyTo(path.join(here, 'file'), to).then(
      () => copied.well++,
      () => copied.not++,
    );
  }
  Atomics.store(new Int32Array(stop), 0, 1);
  await once(worker, 'exit');
  // either was there to be found
  expect(copied.well).toBeGreaterThan(0);
  expect(copied.not).toBeGreaterThan(0);
});

test('what comes out is no device, sets no user, and belongs to the caller', async () => {
  await sh(
    'mkdir /gift; cd /gift; mknod disk b 8 0; mknod mem c 1 1; cp /bin/busybox su; chmod 6755 su; chown 9 su',
  );
  expect(await cp('prey:/gift', 'gift')).toMatchObject({ code: 0 });
  expect(readdirSync(path.join(here, 'gift'))).toEqual(['su']);
  const { mode, uid } = lstatSync(path.join(here, 'gift/su'));
  expect({ mode: mode & 0o7777, uid }).toEqual({ mode: 0o755, uid: 0 });
});

test('a link that lies where it is copied to is not written through', async () => {
  mkdirSync(path.join(here, 'trap'));
  symlinkSync(sandbox.canary, path.join(here, 'trap/dir'));
  symlinkSync(path.join(sandbox.canary, 'secret'), path.join(here, 'trap/secret'));
  await sh('mkdir -p /bait/dir; echo theirs >/bait/dir/secret; echo theirs >/bait/secret');
  await cp('prey:/bait/.', 'trap');
  await cp('prey:/bait/secret', 'trap/');
  expect(readFileSync(path.join(sandbox.canary, 'secret'), 'utf8')).toBe('host secret\n');
});
