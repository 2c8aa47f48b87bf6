// SIGKILL where a monitor is the container's parent: of whoever makes a call next, and of the command alone while the
// monitor sets up. The container goes on with its monitor, and ends with it; then a sweep leaves its record and no more.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createEngine } from '../../src/engine/engine.ts';
import { hasEnded, TINYRUN, until } from '../support/programs.ts';
import { Scene } from './support.ts';

const scene = new Scene();
const engine = createEngine(scene.roots);

beforeAll(() => scene.layer());
afterAll(() => scene.close());

/** Once nobody is at work any more, how the containers ended; then they are removed, and nothing may be left. */
async function endings(when: string, ids: readonly string[]): Promise<number[]> {
  await until(() => {
    scene.sweep();
    return scene.containers().length === 0;
  });
  const views = engine.list();
  for (const { record } of views) await engine.remove(record.id);
  await scene.expectNothingLeft(when, [...ids, ...views.map(({ record }) => record.id)], []);
  return views.map(({ record }) => record.exit?.code ?? -1);
}

// Those that a monitor makes, in the order in which it makes the first of each.
const CALLS = 'setsid pipe2 mkdirat pwrite64 renameat2 recvmsg sendmsg ppoll fsync unlinkat'.split(' ');

test.each(CALLS)('at each %s', async (call) => {
  const log = path.join(scene.dir, 'strace');
  let killed = 0;
  for (let n = 1; n <= 40; n++) {
    const inject = `strace -f -q -o ${log} -e trace=${call} -e inject=${call}:signal=SIGKILL:when=${n}`;
    const run = ['run', 'busybox', 'sh', '-c', 'exit 7'];
    const { code, stderr } = await scene.under(inject.split(' '), TINYRUN, run);
    const when = `killed at ${call} number ${n}: ${code} ${stderr}`;
    const ended = await endings(when, scene.containers());
    const hit = readFileSync(log, 'utf8').includes('killed by SIGKILL');
    // The program came to its end, or was killed: nothing between, and no more than one.
    expect([[], [7], [137]], when).toContainEqual(ended);
    if (!hit) {
      expect({ code, ended }, when).toEqual({ code: 7, ended: [7] });
      break;
    }
    // What the command says is what happened, where there is one to say it.
    if (code === 7) expect(ended, when).toEqual([7]);
    else expect(`${code} ${stderr}`, when).toMatch(/ended by SIGKILL|tinyrun: |^137 $/m);
    killed++;
  }
  expect(killed).toBeGreaterThan(0);
});

/** Children of a process, by name; none where one of them went meanwhile. */
function childrenOf(pid: number): Map<string, number> {
  try {
    const pids = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
    return new Map(pids.map((child) => [readFileSync(`/proc/${child}/comm`, 'utf8').trim(), Number(child)]));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toMatch(/ENOENT|ESRCH/);
    return new Map();
  }
}

test('of the command while its monitor is setting up: the container is made, runs and ends by itself', async () => {
  // The monitor's first step but one, long before clone3: nobody else makes that call before. It is held for longer than
  // any test lasts, and let go with the tracer.
  const hold = '-f -qq -I2 -o /dev/null -e trace=mkdirat -e inject=mkdirat:delay_enter=600s:when=1'.split(
    ' ',
  );
  const run = [TINYRUN, 'run', 'busybox', 'sh', '-c', 'exit 7'];
  const child = spawn('strace', [...hold, ...run], { env: scene.env, stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let command = 0;
  await until(() => {
    for (const pid of childrenOf(child.pid ?? 0).values())
      if (childrenOf(pid).has('tinyrun-monitor')) command = pid;
    return command !== 0;
  });
  expect(scene.containers()).toHaveLength(1);
  process.kill(command, 'SIGKILL');
  await until(() => hasEnded(command));
  child.kill('SIGTERM');
  await once(child, 'close');
  expect(await endings('the command was killed', [])).toEqual([7]);
});
