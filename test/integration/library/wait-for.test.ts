// Waiting for what a container is to write, serve, say of itself, or end as.
import { getEventListeners, once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine } from '../../../src/library/engine.ts';
import { WaitError } from '../../../src/library/wait/error.ts';
import { Sandbox } from '../../support/sandbox.ts';

const sandbox = new Sandbox();
const engine = createEngine({ dataRoot: `${sandbox.dir}/data`, runRoot: `${sandbox.dir}/run` });
beforeAll(() => sandbox.layer());
afterAll(() => sandbox.close());

const sh = (script: string) => ({ image: 'busybox', args: ['sh', '-c', script] });
const WAITS = 'while :; do sleep 1000; done';

describe('log', () => {
  it('what was written before, or comes later; a string or a pattern; one stream or either', async () => {
    const script = `mkfifo /go; echo listening on 80; read x < /go; echo $x >&2; ${WAITS}`;
    await using c = await engine.start(sh(script));
    const { match, line } = await c.waitFor({ log: /listening on (\d+)(x)?/g });
    expect(match).toEqual(['listening on 80', '80', '']);
    expect(line).toMatchObject({ stream: 'stdout', text: 'listening on 80\n' });
    const later = c.waitFor({ log: 'go on', stream: 'stderr' });
    await c.exec(['sh', '-c', 'echo go on > /go']);
    expect((await later).match).toEqual(['go on']);
    const never = c.waitFor({ log: 'go on', stream: 'stdout' }, { timeout: 20 });
    await expect(never).rejects.toMatchObject({ code: 'TIMED_OUT', log: ['listening on 80', 'go on'] });
  });

  it('a line that was written in pieces is one, and that of an earlier life is none', async () => {
    // 16 KiB are a piece
    await using c = await engine.start(
      sh('test -e /x || echo early; touch /x; head -c 20000 /dev/zero | tr "\\0" x; echo y; exit 3'),
    );
    expect((await c.waitFor({ log: /^x{20000}y$/ })).line.text).toHaveLength(20_002);
    await c.waitFor({ exit: true });
    await c.start();
    const error = await c.waitFor({ log: 'early' }).catch((given: unknown) => given);
    expect(error).toBeInstanceOf(WaitError);
    expect(error).toMatchObject({
      code: 'CONTAINER_ENDED',
      message: `${c.name} exited with 3 before it wrote "early"`,
      id: c.id,
      exit: { exitCode: 3, failed: true, oomKilled: false },
    });
    expect((error as WaitError).log.at(-1)).toMatch(/xy$/);
  });

  it('one that ends without says so at once, one that is removed then, too', async () => {
    await using c = await engine.start({ ...sh(`echo no luck; ${WAITS}`), autoRemove: true });
    const waits = c.waitFor({ log: /luck has it/ });
    const rejected = expect(waits).rejects.toMatchObject({
      code: 'CONTAINER_ENDED',
      message: `${c.name} was ended by SIGKILL before it wrote /luck has it/`,
      log: ['no luck'],
      exit: { exitCode: 137, signalName: 'SIGKILL' },
    });
    await c.waitFor({ log: 'no luck' });
    c.kill('KILL');
    await rejected;
  });

  it('one whose policy has it started again is waited for', async () => {
    const script = 'read n < /n; echo $((n + 1)) > /n; echo life $n; exit 1';
    await using c = await engine.start({ ...sh(script), restart: { on: 'always' } });
    expect((await c.waitFor({ log: 'life 1' })).match).toEqual(['life 1']);
  });

  it('is refused where nothing is kept, and where it is not one thing', async () => {
    await using c = await engine.start({ ...sh(WAITS), log: { driver: 'none' } });
    await expect(c.waitFor({ log: 'x' })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    const both = { log: 'x', port: 1 };
    await expect(c.waitFor(both)).rejects.toMatchObject({ field: 'waitFor' });
    await expect(c.waitFor({ port: 65_536 })).rejects.toMatchObject({ field: 'port' });
    await expect(c.waitFor({ health: true })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

describe('port', () => {
  it('resolves once its program listens, in a network of its own, by IPv4 or IPv6', async () => {
    const script = `mkfifo /go; read x < /go; httpd -p 127.0.0.1:8080; nc -l -p 8081 -e cat & ${WAITS}`;
    await using c = await engine.start(sh(script));
    await expect(c.waitFor({ port: 8080 }, { timeout: 50 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      message: `50 ms were over before ${c.name} listened on port 8080`,
    });
    const [four, six] = [c.waitFor({ port: 8080 }), c.waitFor({ port: 8081 })];
    await c.exec(['sh', '-c', 'echo > /go']);
    expect(await Promise.all([four, six])).toEqual([undefined, undefined]);
    // nobody has connected: it takes one
    expect((await c.exec(['nc', '127.0.0.1', '8081'], { input: 'back' })).stdout).toBe('back');
  });

  it('with the host’s network another’s port is not its own', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using c = await engine.start({ ...sh(WAITS), network: 'host' });
    await expect(c.waitFor({ port }, { timeout: 100 })).rejects.toMatchObject({ code: 'TIMED_OUT' });
    server.close();
    await once(server, 'close');
    const own = c.waitFor({ port });
    await c.execDetached(['httpd', '-f', '-p', `127.0.0.1:${port}`]);
    await own;
  });

  it('one that ends says so at once', async () => {
    await using c = await engine.start(sh('exit 5'));
    await expect(c.waitFor({ port: 80 })).rejects.toMatchObject({
      code: 'CONTAINER_ENDED',
      exit: { exitCode: 5 },
    });
  });
});

describe('health', () => {
  const checked = (script: string) => ({
    ...sh(WAITS),
    health: { test: ['CMD-SHELL', script], intervalMs: 20, retries: 2 },
  });

  it('resolves once it is well, and is refused once it is not', async () => {
    await using c = await engine.start(checked('test -e /well'));
    const waits = c.waitFor({ health: true });
    await expect(waits).rejects.toMatchObject({
      code: 'CONTAINER_UNHEALTHY',
      message: expect.stringMatching(/ is unhealthy: \d+ checks on end failed$/),
      health: { Status: 'unhealthy' },
    });
    await using d = await engine.start(checked('true'));
    expect((await d.waitFor({ health: true })).Status).toBe('healthy');
  });
});

describe('exit', () => {
  it('tells how it ended, also afterwards, and of one that goes with its end', async () => {
    await using c = await engine.start(sh('read x < /dev/null; sleep 0.05; exit 3'));
    const end = await c.waitFor({ exit: true });
    expect(end).toEqual({
      exitCode: 3,
      oomKilled: false,
      failed: true,
      finished: expect.stringMatching(/Z$/),
      shortMessage: `${c.name} exited with 3`,
    });
    expect(await c.waitFor({ exit: true })).toEqual(end);
    const gone = await engine.start({ ...sh(WAITS), autoRemove: true });
    const killed = gone.waitFor({ exit: true }).catch((error: unknown) => error);
    gone.kill('KILL');
    // it may be gone before its monitor can be asked: then there are the events; or before anything can be
    const known = expect.objectContaining({ exitCode: 137, failed: true });
    const never = expect.objectContaining({ code: 'CONTAINER_NOT_FOUND' });
    expect([known, never]).toContainEqual(await killed);
    await expect(gone.waitFor({ exit: true })).rejects.toMatchObject({ code: 'CONTAINER_NOT_FOUND' });
  });

  it('is told also where it is asked for while its monitor is at it', async () => {
    for (let n = 0; n < 20; n++) {
      await using c = await engine.start({ ...sh(WAITS), autoRemove: n % 2 === 0 });
      c.kill('KILL');
      // what is gone before it is asked for is not there
      const code = await c.waitFor({ exit: true }).then(
        ({ exitCode }) => exitCode,
        (error) => (n % 2 === 0 && error.code === 'CONTAINER_NOT_FOUND' ? 137 : error),
      );
      expect(code).toBe(137);
    }
  });

  it('gives up with its signal, and leaves nothing there', async () => {
    await using c = await engine.start(sh(WAITS));
    const stop = new AbortController();
    const all = [{ exit: true }, { log: 'x' }, { port: 1 }] as const;
    const waits = all.map((what) =>
      c.waitFor(what, { signal: stop.signal }).catch((error: unknown) => error),
    );
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await Promise.all(waits)).toEqual([reason, reason, reason]);
    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    await expect(c.waitFor({ exit: true }, { signal: stop.signal })).rejects.toBe(reason);
  });
});
