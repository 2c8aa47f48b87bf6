// A container under way: its streams while it runs, its signals, its lines.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/library/engine.ts';
import { linesOf } from '../../../src/library/lines.ts';
import { RunError } from '../../../src/library/result.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const engine = createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const sh = (script: string) => ({ image: 'busybox', args: ['sh', '-c', script], autoRemove: true });

/** Resolves when a process waits for room in a pipe, and finds none. */
async function stuckInWrite(pid: number): Promise<void> {
  const where = () => readFileSync(`/proc/${pid}/wchan`, 'utf8') + readFileSync(`/proc/${pid}/io`, 'utf8');
  for (let before = ''; ; await setTimeout(20)) {
    const now = where();
    if (/^\w*pipe_write/.test(now) && now === before) return;
    before = now;
  }
}

describe.each(['command', 'monitor'] as const)('parent: the %s', (lifeline) => {
  it('a conversation, by line, with somebody who answers', async () => {
    const script = 'echo ready; while read line; do echo "you said $line"; done; echo bye >&2; exit 7';
    const running = engine.spawn(sh(script), { stdin: 'pipe', lifeline });
    expect(running.pid).toBeUndefined();
    const { id, pid } = await running.started;
    expect({ id, pid }).toEqual({ id: running.id, pid: running.pid });
    expect(engine.container(id).inspect()).toMatchObject({ status: 'running', state: { pid } });
    const heard: string[] = [];
    for await (const line of running) {
      heard.push(line);
      if (line === 'ready') running.stdin.write('hello\n');
      else running.stdin.end();
    }
    expect(heard).toEqual(['ready', 'you said hello']);
    const errors: string[] = [];
    for await (const line of linesOf(running.stderr)) errors.push(line);
    expect(errors).toEqual(['bye']);
    expect(await running).toMatchObject({ id, exitCode: 7, stdout: undefined });
    expect(running.kill()).toBe(false);
    expect(engine.list()).toEqual([]);
  });

  it('signals, by name or number, the early ones too', async () => {
    const script =
      'trap "echo usr1" USR1; trap "echo term; exit 0" TERM; echo up; while :; do sleep 0.02; done';
    const running = engine.spawn(sh(script), { lifeline });
    expect(() => running.kill('SIGNONE')).toThrow('unknown signal');
    const heard: string[] = [];
    for await (const line of running) {
      heard.push(line);
      // the last one may have been its end by now
      if (line !== 'term') expect(running.kill(line === 'up' ? 'SIGUSR1' : 15)).toBe(true);
    }
    expect(heard).toEqual(['up', 'usr1', 'term']);
    const early = engine.spawn(sh('while :; do sleep 0.02; done'), { lifeline });
    expect(early.kill('SIGKILL')).toBe(true);
    expect(await early).toMatchObject({ signalName: 'SIGKILL', isCanceled: false });
  });

  it('who does not read makes the program wait, and is not waited for once it is called off', async () => {
    const stop = new AbortController();
    const script = 'yes | head -c 4000000; echo written >&2';
    const running = engine.spawn(sh(script), { signal: stop.signal, forceKillAfterMs: 0, lifeline });
    await once(running.stdout, 'readable');
    // what all pipes on the way hold is less than that
    let [written, size] = ['', 0];
    running.stderr.on('data', (chunk) => (written += chunk));
    for await (const chunk of running.stdout) {
      size += chunk.length;
      if (size < 2_000_000) expect(written).toBe('');
    }
    expect(size).toBe(4_000_000);
    expect(await running).toMatchObject({ exitCode: 0 });
    const stuck = engine.spawn(sh('exec yes'), { signal: stop.signal, forceKillAfterMs: 0, lifeline });
    await stuckInWrite((await stuck.started).pid);
    stop.abort();
    expect(await stuck).toMatchObject({ isCanceled: true, signal: 9 });
    expect(readdirSync(`${sandbox.dir}/run/containers`)).toEqual([]);
    stuck.stdout.destroy();
    stuck.stderr.destroy();
  });
});

it('what fails to start: the promise tells, the streams have ended, and so does who reads lines', async () => {
  const running = engine.spawn({ image: 'busybox', args: ['/no/such'], autoRemove: true });
  const lines = (async () => {
    for await (const _ of running) throw new Error('there is none');
  })();
  const code = 'COMMAND_NOT_FOUND';
  await expect(lines).rejects.toMatchObject({ code });
  await expect(running.started).rejects.toMatchObject({ code });
  await expect(running).rejects.toMatchObject({ code });
});

it('what is called off before its start never started', async () => {
  const running = engine.spawn(sh('true'), { signal: AbortSignal.abort() });
  await expect(running.started).rejects.toBeInstanceOf(RunError);
  expect(await running).toMatchObject({ isCanceled: true });
});

it('lines, then the error that the result is', async () => {
  const lines: string[] = [];
  const all = async () => {
    for await (const line of engine.spawn(sh('echo a; exit 2'), { reject: true })) lines.push(line);
  };
  await expect(all()).rejects.toThrow('busybox exited with 2');
  expect(lines).toEqual(['a']);
});

it('who reads no further lines ends the program as a closed pipe does', async () => {
  const running = engine.spawn(sh('exec yes'), { stderr: 'ignore', reject: true });
  for await (const _ of running) break;
  await expect(running).rejects.toMatchObject({ result: { failed: true } });
});
