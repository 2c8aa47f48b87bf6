import { constants, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AT_FDCWD, native } from '../../../src/native/index.ts';

const O_RDWR = 2;
const O_CREAT = 0o100;
const { O_DIRECTORY } = constants;
const O_PATH = 0o10000000;
const RESOLVE_IN_ROOT = 0x10;
const addon = native();

let path: string;
let dir: number;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tinyrun-fs-'));
  dir = addon.openat2(AT_FDCWD, path, { flags: O_DIRECTORY });
});
afterEach(() => {
  addon.close(dir);
  rmSync(path, { recursive: true, force: true });
});

const create = (name: string) => addon.openat2(dir, name, { flags: O_RDWR | O_CREAT, mode: 0o600 });
const code = (code: string) => expect.objectContaining({ name: 'SyscallError', code });

describe('openat2', () => {
  test('resolves in the root: absolute links and .. do not leave it', () => {
    writeFileSync(join(path, 'inside'), 'mine');
    symlinkSync('/../../inside', join(path, 'link'));
    const fd = addon.openat2(dir, 'link', { flags: 0, resolve: RESOLVE_IN_ROOT });
    expect(Buffer.from(addon.read(fd, 100)).toString()).toBe('mine');
    addon.close(fd);
  });

  test('fds are closed on exec', () => {
    const fd = create('f');
    expect(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')).toMatch(/flags:\s+02\d{6,}/);
    addon.close(fd);
    expect(() => addon.close(fd)).toThrow(code('EBADF'));
  });

  test('a path of bytes that are not UTF-8', () => {
    const name = Uint8Array.of(0x66, 0xff, 0x6f);
    addon.mkdirat(dir, name, 0o700);
    expect(addon.fstatat(dir, name).mode & 0o170000).toBe(0o040000);
    addon.unlinkat(dir, name, 0x200);
  });
});

describe('the *at calls', () => {
  test('make, link, rename, read and remove', () => {
    addon.mkdirat(dir, 'd', 0o750);
    expect(() => addon.mkdirat(dir, 'd', 0o750)).toThrow(code('EEXIST'));
    addon.symlinkat('/target', dir, 'd/s');
    expect(addon.readlinkat(dir, 'd/s')).toBe('/target');
    addon.close(create('f'));
    addon.linkat(dir, 'f', dir, 'g');
    expect(addon.fstatat(dir, 'g').nlink).toBe(2);
    addon.renameat2(dir, 'g', dir, 'h');
    expect(() => addon.renameat2(dir, 'f', dir, 'h', 1)).toThrow(code('EEXIST'));
    addon.unlinkat(dir, 'h');
    expect(() => addon.unlinkat(dir, 'h')).toThrow(code('ENOENT'));
    expect(() => addon.readlinkat(dir, 'f')).toThrow(code('EINVAL'));
  });

  test('a FIFO needs no privilege', () => {
    addon.mknodat(dir, 'p', 0o010644, 0, 0);
    expect(addon.fstatat(dir, 'p').mode & 0o170000).toBe(0o010000);
  });

  test('a symlink is meant itself, unless following is asked for', () => {
    writeFileSync(join(path, 'f'), '');
    symlinkSync('f', join(path, 's'));
    expect(addon.fstatat(dir, 's').mode & 0o170000).toBe(0o120000);
    expect(addon.fstatat(dir, 's', 0x400).mode & 0o170000).toBe(0o100000);
    addon.utimensat(dir, 's', 1n, 1_000_000_000n);
    expect(addon.fstatat(dir, 's').mtimeNs).toBe(1_000_000_000n);
    expect(statSync(join(path, 'f')).mtimeMs).toBeGreaterThan(1e12);
    expect(() => addon.fchmodat(dir, 's', 0o777)).toThrow(code('EOPNOTSUPP'));
  });

  test('mode, owner and times, by name and by fd', () => {
    const fd = create('f');
    addon.fchmodat(fd, '', 0o4711);
    addon.fchownat(fd, '', process.getuid?.() ?? 0, process.getgid?.() ?? 0);
    addon.fchmodat(dir, 'f', 0o640);
    addon.utimensat(fd, '', -1n, undefined);
    const { mode, atimeNs, mtimeNs } = addon.fstatat(fd, '');
    expect([mode & 0o7777, atimeNs]).toEqual([0o640, -1n]);
    expect(mtimeNs).toBeGreaterThan(10n ** 18n);
    addon.close(fd);
  });

  test('fchmodat reaches what an O_PATH fd holds', () => {
    addon.close(create('f'));
    const fd = addon.openat2(dir, 'f', { flags: O_PATH });
    addon.fchmodat(fd, '', 0o604);
    expect(addon.fstatat(dir, 'f').mode & 0o777).toBe(0o604);
    addon.close(fd);
  });
});

describe('reading and writing', () => {
  test('write, pwrite, read, truncate, allocate, sync', () => {
    const fd = create('f');
    expect(addon.write(fd, 'hello ')).toBe(6);
    expect(addon.write(fd, Uint8Array.of(0x77))).toBe(1);
    expect(addon.write(fd, new Uint8Array(0))).toBe(0);
    expect(addon.pwrite(fd, Buffer.from('J'), 0)).toBe(1);
    addon.fsync(fd);
    addon.fdatasync(fd);
    addon.syncfs(fd);
    expect(readFileSync(join(path, 'f'), 'utf8')).toBe('Jello w');
    addon.ftruncate(fd, 3);
    addon.fallocate(fd, 0, 0, 4096);
    expect(addon.fstatat(fd, '').size).toBe(4096);
    expect(addon.read(fd, 2 ** 32 - 1).length).toBe(4089);
    expect(() => addon.read(dir, 1)).toThrow(code('EISDIR'));
    addon.close(fd);
  });

  test('readdir leaves out . and .., and can be repeated', () => {
    addon.mkdirat(dir, 'd', 0o700);
    addon.close(create('f'));
    const names = () =>
      addon
        .readdir(dir)
        .map(({ name, type }) => `${name} ${type}`)
        .sort();
    expect(names()).toEqual(['d 4', 'f 8']);
    expect(names()).toEqual(['d 4', 'f 8']);
    const file = create('f');
    expect(() => addon.readdir(file)).toThrow(code('ENOTDIR'));
    addon.close(file);
  });
});

describe('removeTree', () => {
  test('removes all below, leaves what links point to', () => {
    const outside = mkdtempSync(join(tmpdir(), 'tinyrun-canary-'));
    writeFileSync(join(outside, 'canary'), 'alive');
    addon.mkdirat(dir, 'tree', 0o700);
    addon.mkdirat(dir, 'tree/sub', 0o000);
    symlinkSync(outside, join(path, 'tree/sub-link'));
    writeFileSync(join(path, 'tree/file'), '');
    addon.removeTree(dir, 'tree');
    expect(addon.readdir(dir)).toEqual([]);
    expect(readFileSync(join(outside, 'canary'), 'utf8')).toBe('alive');
    rmSync(outside, { recursive: true });
  });

  test('what is missing is removed already; a link is removed itself', () => {
    addon.removeTree(dir, 'nothing');
    symlinkSync('/', join(path, 'root'));
    addon.removeTree(dir, 'root');
    expect(addon.readdir(dir)).toEqual([]);
  });

  test('a tree deeper than the fds it holds at once', () => {
    let at = addon.dup(dir);
    for (let i = 0; i < 300; i++) {
      addon.mkdirat(at, 'd', 0o700);
      const next = addon.openat2(at, 'd', { flags: O_DIRECTORY });
      addon.close(at);
      at = next;
    }
    addon.close(at);
    addon.removeTree(dir, 'd');
    expect(addon.readdir(dir)).toEqual([]);
  });
});

describe('xattrs', () => {
  test('of a file by fd and by name', () => {
    const fd = create('f');
    addon.setxattr(fd, '', 'user.one', Buffer.from('1'));
    addon.setxattr(dir, 'f', 'user.two', new Uint8Array(0));
    expect(
      addon
        .listxattr(dir, 'f')
        .filter((name) => name.startsWith('user.'))
        .sort(),
    ).toEqual(['user.one', 'user.two']);
    expect(addon.getxattr(dir, 'f', 'user.one')).toEqual(Buffer.from('1'));
    expect(addon.getxattr(dir, 'f', 'user.two')?.length).toBe(0);
    expect(addon.getxattr(dir, 'f', 'user.none')).toBeUndefined();
    addon.removexattr(dir, 'f', 'user.one');
    expect(() => addon.removexattr(dir, 'f', 'user.one')).toThrow(code('ENODATA'));
    expect(() => addon.setxattr(dir, 'f', 'nonsense', Buffer.from('1'))).toThrow(code('EOPNOTSUPP'));
    addon.close(fd);
  });

  test('a symlink is not followed', () => {
    writeFileSync(join(path, 'f'), '');
    symlinkSync('f', join(path, 's'));
    expect(() => addon.setxattr(dir, 's', 'user.one', Buffer.from('1'))).toThrow(code('EPERM'));
    expect(addon.getxattr(dir, 'f', 'user.one')).toBeUndefined();
  });
});

describe('flock', () => {
  const LOCK_EX = 2;
  const LOCK_NB = 4;
  test('one holder; the waiter gets it when the holder lets go', async () => {
    const [a, b] = [create('lock'), create('lock')];
    expect(addon.flock(a, LOCK_EX | LOCK_NB)).toBe(true);
    expect(addon.flock(b, LOCK_EX | LOCK_NB)).toBe(false);
    const order: string[] = [];
    const waiting = addon.flockWait(b, LOCK_EX).then(() => order.push('locked'));
    order.push('released');
    addon.close(a);
    await waiting;
    expect(order).toEqual(['released', 'locked']);
    addon.close(b);
  });

  test('many waiters leave the thread pool to others', async () => {
    const holder = create('lock');
    addon.flock(holder, LOCK_EX);
    const waiters = Array.from({ length: 12 }, () => create('lock'));
    const waits = waiters.map((fd) => addon.flockWait(fd, LOCK_EX).then(() => addon.close(fd)));
    expect(await readFile('/proc/self/comm', 'utf8')).not.toBe('');
    addon.close(holder);
    await Promise.all(waits);
  });

  test('errors throw, and reject', async () => {
    const fd = create('lock');
    expect(() => addon.flock(fd, 0)).toThrow(code('EINVAL'));
    await expect(addon.flockWait(fd, 0)).rejects.toMatchObject({ code: 'EINVAL' });
    addon.close(fd);
    expect(() => addon.flockWait(fd, LOCK_EX)).toThrow(code('EBADF'));
  });
});
