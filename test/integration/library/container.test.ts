// A hand on a container: what runs in it, what it writes, and its end.
import { getEventListeners } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/library/engine.ts';
import { execute } from '../../support/programs.ts';
import { Sandbox } from '../../support/sandbox.ts';

const LIBRARY = join(import.meta.dirname, '../../../dist/index.cjs');
const sandbox = new Sandbox();
const engine = createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
beforeAll(() => sandbox.layer());
afterAll(async () => {
  for (const { record } of engine.list()) await engine.container(record.id).remove({ force: true });
  await sandbox.close();
});

const sh = (script: string) => ({ image: 'busybox', args: ['sh', '-c', script] });
const FOREVER = sh('while :; do sleep 1000; done');

describe('a block’s container', () => {
  it('is removed at its end, with the volumes that are its alone, however that is left', async () => {
    const mounts = [{ kind: 'volume', target: '/v' }] as const;
    let id = '';
    const fails = async () => {
      await using c = await engine.start({ ...FOREVER, mounts });
      id = c.id;
      expect(c.status).toBe('running');
      expect(await engine.volumes.list()).toHaveLength(1);
      throw new Error('of the block');
    };
    await expect(fails()).rejects.toThrow('of the block');
    expect(() => engine.container(id)).toThrow('no such container');
    expect(await engine.volumes.list()).toEqual([]);
    expect(existsSync(`${sandbox.dir}/run/containers/${id}`)).toBe(false);
  });

  it('is stopped first where it was said how long that may take, and left where it was to be kept', async () => {
    const name = 'kept';
    {
      await using kept = await engine.start(FOREVER, { name });
      kept.keep();
    }
    const kept = engine.container(name);
    expect(kept.status).toBe('running');
    await kept.remove({ force: true });
    const since = new Date().toISOString();
    {
      await using c = await engine.start({
        ...sh('trap "exit 9" TERM; echo up; while :; do sleep 0.02; done'),
        stop: { graceMs: 60_000 },
      });
      await c.waitFor({ log: 'up' });
    }
    const codes: unknown[] = [];
    const told = engine.events({ since, until: new Date().toISOString(), filters: ['event=die'] });
    for await (const { Actor } of told) codes.push(Actor.Attributes.exitCode);
    expect(codes).toEqual(['9']);
  });

  it('may be gone by then', async () => {
    await using c = await engine.start(FOREVER);
    await c.remove({ force: true });
  });
});

describe('a program in it', () => {
  it('has its output kept, unless told otherwise, and a result as rich as a run’s', async () => {
    await using c = await engine.start(FOREVER);
    const result = await c.exec(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toEqual({
      id: c.id,
      exitCode: 3,
      timedOut: false,
      isCanceled: false,
      isMaxBuffer: false,
      failed: true,
      stdout: 'out\n',
      stderr: 'err\n',
      durationMs: expect.any(Number),
      shortMessage: 'sh exited with 3',
    });
    const input = { args: ['cat'], env: ['A=1'] };
    expect((await c.exec(input, { input: 'given' })).stdout).toBe('given');
    expect(await c.exec(['echo', 'x'], { stdout: 'ignore', encoding: 'buffer' })).toMatchObject({
      stdout: undefined,
      stderr: Buffer.alloc(0),
    });
    await expect(c.exec(['false'], { reject: true })).rejects.toThrow('false exited with 1');
    await expect(c.exec(['nope'])).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND' });
  });

  it('is a conversation by spawn', async () => {
    await using c = await engine.start(FOREVER);
    const running = c.spawn(['sh', '-c', 'while read line; do echo "you said $line"; done'], {
      stdin: 'pipe',
    });
    expect((await running.started).pid).toBeGreaterThan(1);
    running.stdin.write('one\n');
    const heard: string[] = [];
    for await (const line of running) {
      heard.push(line);
      if (heard.length === 1) running.stdin.end('two\n');
    }
    expect(heard).toEqual(['you said one', 'you said two']);
    expect((await running).exitCode).toBe(0);
  });

  it('ends by a signal, an abort, or its time, and what it leaves running is not waited for then', async () => {
    await using c = await engine.start(FOREVER);
    const slow = ['sh', '-c', 'echo begun; sleep 1000'];
    expect(await c.exec(slow, { timeout: 100 })).toMatchObject({
      timedOut: true,
      signalName: 'SIGTERM',
      stdout: 'begun\n',
      shortMessage: 'sh timed out after 100 ms',
    });
    const stop = new AbortController();
    const canceled = c.exec(slow, { signal: stop.signal });
    stop.abort();
    expect(await canceled).toMatchObject({ isCanceled: true });
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    // its child has the pipe, and goes on
    const left = await c.exec(['sh', '-c', 'echo left; sleep 1000 & exit 4']);
    expect(left).toMatchObject({ exitCode: 4, stdout: 'left\n' });
    const running = c.spawn(['sleep', '1000']);
    await running.started;
    running.kill('SIGKILL');
    expect(await running).toMatchObject({ signalName: 'SIGKILL', isCanceled: false });
  });
});

it('leaves no zombie to a program that goes on, nor keeps one from ending', async () => {
  const program = `const { createEngine } = require(${JSON.stringify(LIBRARY)});
    const { readFileSync } = require('node:fs');
    const comm = (pid) => readFileSync('/proc/' + pid + '/comm', 'utf8').trim();
    const children = () => readFileSync('/proc/self/task/' + process.pid + '/children', 'utf8').trim();
    (async () => {
      const engine = createEngine({ dataRoot: '${sandbox.dir}/data', runRoot: '${sandbox.dir}/run' });
      const config = { image: 'busybox', args: ['sleep', '1000'] };
      const c = await engine.start(config);
      await c.execDetached(['sleep', '1000']);
      await c.remove({ force: true });
      while (children() !== '') await new Promise(setImmediate);
      const { id } = await engine.start(config);
      console.log(id, comm(children()));
    })();`;
  const { stdout, stderr } = await execute(process.execPath, ['-e', program]);
  expect(stderr).toBe('');
  const [, id = '', child] = /^(\w{64}) (.*)\n$/.exec(stdout) ?? [];
  expect(child).toBe('tinyrun-monitor');
  expect(engine.container(id).status).toBe('running');
});

describe('a further program that was let go', () => {
  const textOf = async (stream: AsyncIterable<Buffer>) => {
    let text = '';
    for await (const piece of stream) text += piece;
    return text;
  };

  it('is joined again: its input, both outputs and its end', async () => {
    await using c = await engine.start(sh('sleep 1000'));
    const { id } = await c.execDetached({
      args: ['sh', '-c', 'cat; echo err >&2; exit 3'],
      openStdin: true,
    });
    expect(c.execs()).toEqual([id]);
    const cat = await c.attachExec(id);
    if (cat === undefined) throw new Error('it has a monitor');
    const texts = Promise.all([textOf(cat.stdout), textOf(cat.stderr)]);
    const long = 'typed '.repeat(100_000);
    cat.stdin.end(long);
    expect(await texts).toEqual([long, 'err\n']);
    expect(await cat.ended).toEqual({ exitCode: 3 });
    expect(c.execs()).toEqual([]);
    expect(await c.attachExec(id)).toBeUndefined();
  });

  it('has a terminal of the size that it is given, and is left without harm', async () => {
    await using c = await engine.start(sh('sleep 1000'));
    const { id } = await c.execDetached({ args: ['sh'], tty: true });
    const first = await c.attachExec(id);
    first?.close();
    expect(await first?.ended).toBeUndefined();
    const shell = await c.attachExec(id);
    if (shell === undefined) throw new Error('it goes on');
    shell.resize({ rows: 33, columns: 44 });
    shell.stdin.write('stty size; kill -9 $$\n');
    expect(await textOf(shell.stdout)).toContain('33 44\r\n');
    expect(await shell.ended).toEqual({ exitCode: 137, signal: 9, signalName: 'SIGKILL' });
  });

  it('is held up by nobody: who does not read is hung up on', async () => {
    await using c = await engine.start(sh('sleep 1000'));
    const args = ['sh', '-c', 'read go; yes | head -c 20000000; echo >/over; read stop'];
    const { id } = await c.execDetached({ args, openStdin: true });
    const idle = await c.attachExec(id);
    idle?.stdin.write('go\n');
    while ((await c.exec(['cat', '/over'])).exitCode !== 0);
    expect(c.execs()).toContain(id);
    // what is left in its socket is there to be read
    idle?.stdout.resume();
    expect(await idle?.ended).toBeUndefined();
  });
});

describe('what it writes', () => {
  it('comes by line, and leaving it or an abort ends a look that waits', async () => {
    await using c = await engine.start(sh('echo one; echo two >&2; while :; do sleep 1000; done'));
    await c.waitFor({ log: 'two' });
    const lines: string[] = [];
    for await (const { stream, text, time } of c.logs({ follow: true })) {
      expect(time).toMatch(/^\d{4}-.*\.\d{9}Z$/);
      lines.push(stream + text);
      if (lines.length === 2) break;
    }
    expect(lines.sort()).toEqual(['stderrtwo\n', 'stdoutone\n']);
    const stop = new AbortController();
    const waiting = c.logs({ follow: true, tail: 0, signal: stop.signal });
    const next = waiting.next();
    stop.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    const left = c.logs({ follow: true, tail: 0 });
    const never = left.next();
    await left.return?.();
    expect(await never).toEqual({ done: true, value: undefined });
    const events = c.events();
    const none = events.next();
    await events.return?.();
    expect(await none).toEqual({ done: true, value: undefined });
    const stats = c.stats({ everyMs: 60_000 });
    expect((await stats.next()).value.pids).toBeGreaterThan(0);
    const late = stats.next();
    await stats.return?.();
    expect(await late).toEqual({ done: true, value: undefined });
  });
});

describe('a hand', () => {
  it('is by id: it stays with a container that is renamed, ended and started again', async () => {
    const c = await engine.create(sh('sleep 1000'), { name: 'first' });
    expect([c.name, c.status, c.pid]).toEqual(['first', 'created', undefined]);
    await expect(c.waitFor({ exit: true })).rejects.toMatchObject({ code: 'CONTAINER_NOT_RUNNING' });
    await c.rename('second');
    expect(c.name).toBe('second');
    await c.start();
    const { pid } = engine.container('second');
    expect(c.pid).toBe(pid);
    await c.restart({ graceMs: 0 });
    expect(c.pid).not.toBe(pid);
    c.pause();
    expect(c.status).toBe('paused');
    c.unpause();
    c.kill('KILL');
    expect((await c.waitFor({ exit: true })).signalName).toBe('SIGKILL');
    await c.remove();
    expect(() => c.status).toThrow('no such container');
  });
});
