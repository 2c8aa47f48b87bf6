import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AT_FDCWD, native } from '../../../src/native/index.ts';

const addon = native();
const code = (code: string) => expect.objectContaining({ name: 'SyscallError', code });
const ADDON = join(import.meta.dirname, '../../../build/Release/tinyrun.node');

describe('pidfds', () => {
  test('a process is signalled and seen to end, twice at once', async () => {
    const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const pidfd = addon.pidfdOpen(child.pid ?? 0);
    const ends = [addon.pollPidfd(pidfd), addon.pollPidfd(pidfd)];
    addon.pidfdSendSignal(pidfd, 0);
    addon.pidfdSendSignal(pidfd, 15);
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGTERM');
    await Promise.all(ends);
    expect(() => addon.pidfdSendSignal(pidfd, 0)).toThrow(code('ESRCH'));
    await addon.pollPidfd(pidfd);
    addon.close(pidfd);
  });

  test('a wait goes on when the caller closes its fd', async () => {
    const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
    const pidfd = addon.pidfdOpen(child.pid ?? 0);
    const end = addon.pollPidfd(pidfd);
    addon.close(pidfd);
    child.stdin.end();
    await end;
  });

  test('who is no child cannot be reaped', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 1000 & echo $!; wait'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const gone = once(child, 'exit');
    const [line] = await once(child.stdout, 'data');
    const pidfd = addon.pidfdOpen(Number(String(line)));
    const end = expect(addon.waitPidfd(pidfd)).rejects.toMatchObject({ syscall: 'waitid', code: 'ECHILD' });
    addon.pidfdSendSignal(pidfd, 9);
    await end;
    addon.close(pidfd);
    await gone;
  });

  test('errors', () => {
    expect(() => addon.pidfdOpen(2 ** 22 + 1)).toThrow(code('ESRCH'));
    expect(() => addon.pidfdOpen(-1)).toThrow(code('EINVAL'));
    expect(() => addon.pollPidfd(1_000_000_000)).toThrow(code('EBADF'));
    const file = addon.openat2(AT_FDCWD, '/dev/null', { flags: 0 });
    expect(() => addon.waitPidfd(file)).toThrow(code('EBADF'));
    addon.close(file);
  });

  test('a pending wait keeps the event loop alive, and a worker thread may end in the middle of one', async () => {
    const script = `
      const { Worker, isMainThread } = require('node:worker_threads');
      const { spawn } = require('node:child_process');
      const load = () => { const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(ADDON)}); return m.exports; };
      const addon = load();
      const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
      const source = 'const m={exports:{}};process.dlopen(m,' + JSON.stringify(${JSON.stringify(ADDON)}) +
        ');m.exports.pollPidfd(m.exports.pidfdOpen(' + child.pid + '));require("node:worker_threads").parentPort.postMessage(1)';
      const worker = new Worker(source, { eval: true });
      worker.once('message', async () => {
        await worker.terminate();
        child.unref();
        child.stdin.unref?.();
        addon.pollPidfd(addon.pidfdOpen(child.pid)).then(() => console.log('ended'));
        child.stdin.end();
      });`;
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [status] = await once(child, 'exit');
    expect([status, output]).toEqual([0, 'ended\n']);
  });
});

describe('facts', () => {
  test('capabilities are sets of what the kernel knows', () => {
    const { effective, permitted, bounding, last } = addon.capabilities();
    expect(last).toBeGreaterThanOrEqual(40);
    for (const set of [effective, permitted, bounding]) expect(set >> BigInt(last + 1)).toBe(0n);
    expect(effective & ~permitted).toBe(0n);
  });

  test('the start time of a process, and of none', () => {
    const mine = addon.startTime(process.pid);
    expect(mine).toBeTypeOf('bigint');
    expect(addon.startTime(process.pid)).toBe(mine);
    expect(addon.startTime(2 ** 22 + 1)).toBeUndefined();
  });

  test('a name full of brackets does not mislead', async () => {
    const child = spawn(
      process.execPath,
      ['-e', "process.title = 'a) b) 1 2 3'; process.send(1); process.stdin.resume()"],
      {
        stdio: ['pipe', 'ignore', 'ignore', 'ipc'],
      },
    );
    await once(child, 'message');
    const mine = addon.startTime(process.pid) ?? 0n;
    expect((addon.startTime(child.pid ?? 0) ?? 0n) >= mine).toBe(true);
    child.kill();
    await once(child, 'exit');
  });

  test('fnv1a has the published test vectors', () => {
    expect(addon.fnv1a('')).toBe('cbf29ce484222325');
    expect(addon.fnv1a('foobar')).toBe('85944171f73967e8');
    expect(addon.fnv1a(Buffer.from('foobar'))).toBe('85944171f73967e8');
  });

  test('getpid, prctl', () => {
    expect(addon.getpid()).toBe(process.pid);
    const PR_GET_DUMPABLE = 3;
    expect(addon.prctl(PR_GET_DUMPABLE)).toBe(1);
    expect(() => addon.prctl(-1)).toThrow(code('EINVAL'));
  });

  test('exitNow ends with the code', async () => {
    const script = `const m = { exports: {} }; process.dlopen(m, ${JSON.stringify(ADDON)});
      process.on('exit', () => process.exitCode = 1); m.exports.exitNow(42)`;
    const [status] = await once(spawn(process.execPath, ['-e', script]), 'exit');
    expect(status).toBe(42);
  });
});
