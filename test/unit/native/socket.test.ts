import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AT_FDCWD, native } from '../../../src/native/index.ts';

const addon = native();
const code = (code: string) => expect.objectContaining({ name: 'SyscallError', code });
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;

describe('fds over a socket', () => {
  test('arrive as new fds for the same files', () => {
    const [a, b] = addon.socketpair(SOCK_SEQPACKET);
    const fd = addon.openat2(AT_FDCWD, '/dev/null', { flags: 0 });
    addon.sendFds(a, [fd, fd], 'master');
    const { fds, data } = addon.recvFds(b, 100);
    expect(Buffer.from(data).toString()).toBe('master');
    expect(fds).toHaveLength(2);
    for (const got of fds) expect(addon.fstatat(got, '').ino).toBe(addon.fstatat(fd, '').ino);
    for (const one of [a, b, fd, ...fds]) addon.close(one);
  });

  test('the end of the stream is an empty answer', () => {
    const [a, b] = addon.socketpair(SOCK_STREAM);
    addon.sendFds(a, [], 'x');
    addon.close(a);
    expect(addon.recvFds(b, 10)).toEqual({ fds: [], data: Buffer.from('x') });
    expect(addon.recvFds(b, 10)).toEqual({ fds: [], data: Buffer.alloc(0) });
    expect(() => addon.sendFds(b, [], 'x')).toThrow(code('EPIPE'));
    addon.close(b);
  });

  test('bad fds, empty messages and too many fds are refused', () => {
    const [a, b] = addon.socketpair(SOCK_STREAM);
    expect(() => addon.sendFds(a, [1_000_000], 'x')).toThrow(code('EBADF'));
    expect(() => addon.sendFds(a, [0], '')).toThrow(RangeError);
    expect(() => addon.sendFds(a, Array(254).fill(0), 'x')).toThrow(RangeError);
    expect(() => addon.recvFds(a, 0)).toThrow(RangeError);
    for (const one of [a, b]) addon.close(one);
    expect(() => addon.recvFds(a, 10)).toThrow(code('EBADF'));
  });
});

describe('connectUnix', () => {
  test('reaches a path longer than a socket address', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tinyrun-socket-'));
    const deep = join(dir, 'd'.repeat(120));
    mkdirSync(deep);
    const server = createServer((socket) => socket.end('hello'));
    // Node itself cannot listen on such a path: it listens under a short name in the deep directory.
    const before = process.cwd();
    process.chdir(deep);
    await new Promise<void>((resolve) => server.listen('s', resolve));
    process.chdir(before);
    const fd = addon.connectUnix(join(deep, 's'));
    await new Promise((resolve) => server.once('connection', resolve));
    expect(Buffer.from(addon.recvFds(fd, 5).data).toString()).toBe('hello');
    addon.close(fd);
    server.close();
    rmSync(dir, { recursive: true });
  });

  test('says where nobody listens', () => {
    expect(() => addon.connectUnix('/nonexistent/socket')).toThrow(code('ENOENT'));
    expect(() => addon.connectUnix(`/nonexistent/${'x'.repeat(200)}`)).toThrow(code('ENOENT'));
  });
});
