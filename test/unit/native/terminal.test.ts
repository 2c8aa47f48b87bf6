import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AT_FDCWD, native } from '../../../src/native/index.ts';

const addon = native();
const code = (code: string) => expect.objectContaining({ name: 'SyscallError', code });
const ADDON = join(import.meta.dirname, '../../../build/Release/tinyrun.node');

function withPty(use: (pty: { master: number; slave: number; name: string }) => void | Promise<void>) {
  return async () => {
    const pty = addon.openpty({ rows: 24, columns: 80 });
    try {
      await use(pty);
    } finally {
      addon.close(pty.master);
      addon.close(pty.slave);
    }
  };
}

/** ECHO and ICANON of struct termios' c_lflag: both off in raw mode. */
function isRaw(fd: number): boolean {
  const settings = new DataView(Uint8Array.from(addon.getTermios(fd)).buffer);
  return (settings.getUint32(12, true) & 0o12) === 0;
}

describe('a pseudo-terminal', () => {
  test(
    'has two ends, a name and a size',
    withPty(({ master, slave, name }) => {
      expect(name).toMatch(/^\/dev\/pts\/\d+$/);
      expect([addon.isatty(master), addon.isatty(slave)]).toEqual([true, true]);
      expect(addon.getWinsize(slave)).toEqual({ rows: 24, columns: 80 });
      addon.setWinsize(master, 50, 132);
      expect(addon.getWinsize(slave)).toEqual({ rows: 50, columns: 132 });
    }),
  );

  test(
    'raw mode and back',
    withPty(({ slave }) => {
      const saved = addon.makeRaw(slave);
      expect(isRaw(slave)).toBe(true);
      addon.restoreTermios(slave, saved);
      expect(isRaw(slave)).toBe(false);
    }),
  );

  test('what is no terminal', () => {
    const fd = addon.openat2(AT_FDCWD, '/dev/null', { flags: 2 });
    expect(addon.isatty(fd)).toBe(false);
    expect(addon.getWinsize(fd)).toBeUndefined();
    expect(() => addon.makeRaw(fd)).toThrow(code('ENOTTY'));
    expect(() => addon.setWinsize(fd, 1, 1)).toThrow(code('ENOTTY'));
    expect(() => addon.restoreTermios(fd, new Uint8Array(3))).toThrow(RangeError);
    addon.close(fd);
    expect(() => addon.getWinsize(fd)).toThrow(code('EBADF'));
  });
});

// Another process makes the terminal raw and comes to its end in the way given.
async function rawUntil(slave: number, end: string): Promise<void> {
  const script = `
    const holder = { exports: {} };
    process.dlopen(holder, ${JSON.stringify(ADDON)});
    holder.exports.makeRaw(0);
    process.on('message', () => { ${end} });
    process.send('raw');`;
  const child = spawn(process.execPath, ['-e', script], { stdio: [slave, 'ignore', 'ignore', 'ipc'] });
  await once(child, 'message');
  expect(isRaw(slave)).toBe(true);
  if (end === '') child.kill('SIGHUP');
  else child.send('end');
  await once(child, 'exit');
}

describe('a raw terminal is put back', () => {
  test.each([
    ['at process.exit', 'process.exit(1)'],
    ['at exitNow', 'holder.exports.exitNow(1)'],
    ['by an exception that nobody catches', 'throw new Error()'],
    ['by abort', 'process.abort()'],
    ['by a segmentation fault', "process.kill(process.pid, 'SIGSEGV')"],
    ['by SIGTERM', "process.kill(process.pid, 'SIGTERM')"],
    ['by SIGINT', "process.kill(process.pid, 'SIGINT')"],
    ['by SIGQUIT', "process.kill(process.pid, 'SIGQUIT')"],
    ['by SIGHUP from outside', ''],
  ])('%s', async (_, end) => {
    await withPty(async ({ slave }) => {
      await rawUntil(slave, end);
      expect(isRaw(slave)).toBe(false);
    })();
  });

  test('but stays raw while the program handles the signal itself', async () => {
    await withPty(async ({ slave }) => {
      const script = `
        const holder = { exports: {} };
        process.dlopen(holder, ${JSON.stringify(ADDON)});
        process.on('SIGTERM', () => process.send('handled'));
        holder.exports.makeRaw(0);
        setInterval(() => {}, 1000);
        process.send('raw');`;
      const child = spawn(process.execPath, ['-e', script], { stdio: [slave, 'ignore', 'ignore', 'ipc'] });
      expect((await once(child, 'message'))[0]).toBe('raw');
      child.kill('SIGTERM');
      expect((await once(child, 'message'))[0]).toBe('handled');
      expect(isRaw(slave)).toBe(true);
      child.kill('SIGINT');
      await once(child, 'exit');
      expect(isRaw(slave)).toBe(false);
    })();
  });
});
