// The library's results: what of a container's end and output a program is told, and what ends one.

import { getEventListeners } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Watch } from '../../../src/engine/run.ts';
import { createEngine } from '../../../src/library/engine.ts';
import { RunError } from '../../../src/library/result.ts';
import type { RunOptions } from '../../../src/library/types.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const engine = createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

/** What a container that keeps nothing is asked to be. */
const sh = (script: string) => ({ image: 'busybox', args: ['sh', '-c', script], autoRemove: true });
const PIPED = { stdout: 'pipe', stderr: 'pipe' } as const;

/** Nothing is under way, and nothing was left. */
function nothingLeft(): void {
  expect(engine.list()).toEqual([]);
  expect(readdirSync(`${sandbox.dir}/run/containers`)).toEqual([]);
}

/** A shell that says `up` and then minds SIGTERM or not, until its end. */
const WAITS = 'echo up; while :; do sleep 0.02; done';
const OBEYS = `trap "echo bye; exit 5" TERM; ${WAITS}`;
const MINDS_NOT = `trap "" TERM; ${WAITS}`;

/** A sink that tells when it was written to. */
function watched(onText: (text: string) => void): Writable {
  return new Writable({
    write(chunk, _, done) {
      onText(String(chunk));
      done();
    },
  });
}

describe.each(['command', 'monitor'] as const)('parent: the %s', (lifeline) => {
  it('all of a result, with the output as strings', async () => {
    const result = await engine.run(sh('echo out; echo err >&2; exit 3'), { ...PIPED, lifeline });
    expect(result).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{64}$/),
      exitCode: 3,
      oomKilled: false,
      timedOut: false,
      isCanceled: false,
      isMaxBuffer: false,
      failed: true,
      stdout: 'out\n',
      stderr: 'err\n',
      durationMs: expect.any(Number),
      shortMessage: 'busybox exited with 3',
    });
    expect(result.durationMs).toBeGreaterThan(0);
    nothingLeft();
  });

  it('a signal by number and by name', async () => {
    const init = { ...sh('kill -KILL $$'), namespaces: { pid: 'host' } } as const;
    expect(await engine.run(init, { lifeline })).toMatchObject({
      exitCode: 137,
      signal: 9,
      signalName: 'SIGKILL',
      stdout: undefined,
      shortMessage: 'busybox was ended by SIGKILL',
    });
  });

  it('bytes in and out, more than any pipe holds', async () => {
    const input = Buffer.alloc(3_000_000, 'abcdefg\n\xff', 'latin1');
    const options = { input, encoding: 'buffer', ...PIPED, lifeline } as const;
    const { stdout, stderr } = await engine.run(sh('tee /dev/stderr'), options);
    expect(stdout.equals(input)).toBe(true);
    expect(stderr.equals(input)).toBe(true);
  });

  it('an abort while it runs: the stop signal first, then SIGKILL; nothing is left', async () => {
    const cancel = async (script: string, options: RunOptions = {}) => {
      const stop = new AbortController();
      const stdout = watched((text) => text.includes('up') && stop.abort());
      return engine.run(sh(script), { stdout, stderr: 'ignore', signal: stop.signal, lifeline, ...options });
    };
    const canceled = { isCanceled: true, failed: true, shortMessage: 'busybox was canceled' };
    expect(await cancel(OBEYS)).toMatchObject({ ...canceled, exitCode: 5 });
    expect(await cancel(MINDS_NOT, { forceKillAfterMs: 50 })).toMatchObject({ ...canceled, signal: 9 });
    expect(await cancel(OBEYS, { forceKillAfterMs: 0 })).toMatchObject({ ...canceled, signal: 9 });
    nothingLeft();
  });

  it('an abort at any point of the way to its start leaves nothing, nor a record of what is kept', async () => {
    for (const blocking of [false, true])
      for (const autoRemove of [true, false])
        for (const turns of [0, 1, 2, 5]) {
          const stop = new AbortController();
          const config = { ...sh(MINDS_NOT), autoRemove };
          const options = { signal: stop.signal, lifeline, blocking, ...PIPED, forceKillAfterMs: 0 };
          const watch = {
            onPlan: async () => {
              for (let left = turns; left > 0; left--) await turn();
              stop.abort();
            },
          };
          const { isCanceled, id } = await engine.run(config, options, watch);
          expect(isCanceled).toBe(true);
          // one that had begun was a container
          if (!autoRemove && engine.list().length > 0) await engine.container(id).remove();
          nothingLeft();
        }
  });

  it('its time is over', async () => {
    const endAfter = async (timeout: number) => {
      const options = { timeout, forceKillAfterMs: 30, lifeline, stdout: 'pipe' } as const;
      const { stdout, durationMs, ...rest } = await engine.run(sh(MINDS_NOT), options);
      expect(rest).toMatchObject({
        timedOut: true,
        isCanceled: false,
        signalName: 'SIGKILL',
        shortMessage: `busybox timed out after ${timeout} ms`,
      });
      expect(durationMs).toBeGreaterThanOrEqual(timeout + 25);
      nothingLeft();
      return stdout;
    };
    let stdout = '';
    // on a busy machine it may not have come to speak
    for (let timeout = 150; stdout === '' && timeout < 60_000; timeout *= 2) stdout = await endAfter(timeout);
    expect(stdout).toBe('up\n');
  });

  it('too much output ends it; what was kept is no more than that', async () => {
    const script = 'head -c 5000000 /dev/zero; echo done >&2';
    const kept = await engine.run(sh(script), { ...PIPED, maxBuffer: 5_000_000, lifeline });
    expect(kept).toMatchObject({ isMaxBuffer: false, exitCode: 0, stderr: 'done\n' });
    expect(kept.stdout).toHaveLength(5_000_000);
    const { stdout, ...rest } = await engine.run(sh('yes'), {
      stdout: 'pipe',
      maxBuffer: 1001,
      forceKillAfterMs: 0,
      lifeline,
    });
    expect(stdout).toBe(`${'y\n'.repeat(500)}y`);
    expect(rest).toMatchObject({
      isMaxBuffer: true,
      signal: 9,
      shortMessage: 'busybox wrote more than 1001 bytes',
    });
    const quick = await engine.run(sh('echo too much'), { stdout: 'pipe', maxBuffer: 3, lifeline });
    expect(quick).toMatchObject({ stdout: 'too', isMaxBuffer: true, failed: true });
    nothingLeft();
  });
});

it('nothing of this process is left with those that ended: descriptors, listeners', async () => {
  const open = () => readdirSync('/proc/self/fd').length;
  const { signal } = new AbortController();
  const options = { input: 'x', ...PIPED, signal } as const;
  const runs = async () => {
    for (const lifeline of ['command', 'monitor', 'command', 'monitor'] as const)
      await engine.run(sh('cat'), { ...options, lifeline });
    await engine.run({ image: 'busybox', args: ['/none'], autoRemove: true }, options).catch(() => {});
  };
  await runs();
  const before = open();
  await runs();
  // threads that copied end in their own time
  while (open() > before) await turn();
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

it('an abort beforehand: nothing is made, not even looked for', async () => {
  const signal = AbortSignal.abort();
  const result = await engine.run({ image: 'no.such.host/image' }, { signal, ...PIPED });
  expect(result).toMatchObject({ isCanceled: true, exitCode: 125, durationMs: 0, stdout: '', stderr: '' });
  nothingLeft();
});

it('an abort while the image is looked for', async () => {
  // nobody answers there: a listener that says nothing
  const { createServer } = await import('node:net');
  const stop = new AbortController();
  const server = createServer(() => stop.abort()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const result = await engine.run({ image: `127.0.0.1:${port}/image` }, { signal: stop.signal });
  expect(result).toMatchObject({ isCanceled: true, exitCode: 125 });
  server.close();
  nothingLeft();
});

it('reject: a failure is an error that has the result', async () => {
  const failed = await engine
    .run(sh('echo why >&2; exit 4'), { stderr: 'pipe', reject: true })
    .catch((e) => e);
  expect(failed).toBeInstanceOf(RunError);
  expect(failed).toMatchObject({
    message: 'busybox exited with 4',
    exitCode: 4,
    result: { stderr: 'why\n' },
  });
  const named = { name: 'web', reject: true };
  await expect(engine.run(sh('exit 1'), named)).rejects.toThrow('web exited with 1');
  expect(await engine.run(sh('exit 0'), { reject: true })).toMatchObject({ exitCode: 0, failed: false });
  await expect(engine.run(sh(''), { reject: true, signal: AbortSignal.abort() })).rejects.toThrow('canceled');
});

it('somebody else ends it before its program runs: an error that says so, and nothing is left', async () => {
  const onPause: Watch['onPause'] = (_step, { pid }) => {
    // from here on others see it
    if (engine.list().some(({ status }) => status === 'running')) process.kill(pid, 'SIGKILL');
  };
  await expect(engine.run(sh('echo never'), PIPED, { onPause })).rejects.toMatchObject({
    code: 'SETUP_KILLED',
    message: 'start the program: its process was ended by SIGKILL while it was set up',
  });
  nothingLeft();
});

it('a program that cannot be started is an error as before, and nothing is left', async () => {
  const config = { image: 'busybox', args: ['/no/such'], autoRemove: true };
  await expect(engine.run(config, PIPED)).rejects.toMatchObject({ code: 'COMMAND_NOT_FOUND', exitCode: 127 });
  nothingLeft();
});

describe('streams', () => {
  it('what it reads comes from a string, a stream or an fd; a stream is let go when nobody reads', async () => {
    const read = async (options: RunOptions) =>
      (await engine.run(sh('cat'), { ...options, stdout: 'pipe' })).stdout;
    expect(await read({ input: 'text' })).toBe('text');
    expect(await read({ input: '' })).toBe('');
    expect(await read({ stdin: Readable.from(['a', 'b']) })).toBe('ab');
    expect(await read({ stdin: openSync(`${sandbox.dir}/canary/secret`, 'r') })).toBe('host secret\n');
    expect(await read({ stdin: 'ignore' })).toBe('');
    const ended = Readable.from(['a']);
    for await (const _ of ended);
    expect(await read({ stdin: ended })).toBe('');
    const endless = Readable.from(
      (function* () {
        for (;;) yield 'x'.repeat(10_000);
      })(),
    );
    expect(await engine.run(sh('head -c 3'), { stdin: endless, stdout: 'pipe' })).toMatchObject({
      stdout: 'xxx',
    });
    expect(endless.destroyed).toBe(true);
  });

  it('input that breaks off ends the container: it must not take a part for the whole', async () => {
    const source = new Readable({ read() {} });
    const stdout = watched(() => source.destroy(new Error('cable cut')));
    source.push('half');
    const script = 'head -c 4; cat >/dev/null; echo whole';
    let seen = '';
    stdout.on('pipe', (from) => from.on('data', (chunk: Buffer) => (seen += chunk)));
    await expect(engine.run(sh(script), { stdin: source, stdout })).rejects.toMatchObject({
      code: 'SYSCALL',
      message: 'read stdin: cable cut',
    });
    expect(seen).not.toContain('whole');
    nothingLeft();
  });

  it('a sink is ended with the program; one that fails is told of, one that was closed is SIGPIPE', async () => {
    const chunks: string[] = [];
    const sink = watched((text) => chunks.push(text));
    await engine.run(sh('echo a; echo b >&2'), { stdout: sink, stderr: sink });
    expect(chunks.join('')).toBe('a\nb\n');
    expect(sink.writableFinished).toBe(true);
    const broken = new Writable({ write: (_, __, done) => done(new Error('disk full')) });
    await expect(engine.run(sh('yes'), { stdout: broken, stderr: 'ignore' })).rejects.toThrow(
      'write stdout: disk full',
    );
    const closed = watched(() => closed.destroy());
    expect(
      await engine.run(sh('trap "" TERM; yes; echo $? >&2'), { stdout: closed, stderr: 'pipe' }),
    ).toMatchObject({
      stderr: expect.stringMatching(/141|Broken pipe/),
    });
  });

  it('an fd gets a copy of what is written, and one may be given as it is', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tinyrun-library-'));
    const file = openSync(join(dir, 'file'), 'w');
    await engine.run(sh('echo copied; ls -l /proc/self/fd/1'), { stdout: file, stderr: 'stdout' });
    expect(readFileSync(join(dir, 'file'), 'utf8')).toMatch(/^copied\n.*pipe:/);
    await engine.run(sh('ls -l /proc/self/fd/1'), { stdio: [file, file, file] });
    expect(readFileSync(join(dir, 'file'), 'utf8')).toMatch(/-> \S*\/file\n$/);
    rmSync(dir, { recursive: true });
  });

  it('what cannot be is refused before anything is made', async () => {
    const refused = async (options: object, config = {}) =>
      await engine.run({ ...sh('true'), ...config }, options).catch((error: Error) => error);
    expect(await refused({ stdout: 'loud' })).toMatchObject({ field: 'stdout', code: 'USAGE' });
    expect(await refused({ stderr: null })).toMatchObject({ field: 'stderr' });
    expect(await refused({ stdin: {} })).toMatchObject({ field: 'stdin' });
    expect(await refused({ stdin: new Readable().destroy() })).toMatchObject({ field: 'stdin' });
    expect(await refused({ stdin: 'pipe' })).toMatchObject({ field: 'stdin' });
    expect(await refused({ stdin: 0, input: '' })).toMatchObject({ field: 'input' });
    expect(await refused({ stdio: [0, 1, 2], stdout: 'pipe' })).toMatchObject({ field: 'stdio' });
    expect(await refused({ stdout: 'pipe' }, { tty: true })).toMatchObject({ field: 'tty' });
    for (const field of ['timeout', 'forceKillAfterMs', 'maxBuffer'])
      for (const value of [-1, 0.5, Number.NaN, '1'])
        expect(await refused({ [field]: value })).toMatchObject({ field });
    expect(
      existsSync(`${sandbox.dir}/run/containers`) && readdirSync(`${sandbox.dir}/run/containers`),
    ).toEqual([]);
  });
});
