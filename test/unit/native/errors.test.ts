import { describe, expect, test } from 'vitest';
import { AT_FDCWD, native, SyscallError } from '../../../src/native/index.ts';

function failureOf(call: () => unknown): SyscallError {
  try {
    call();
  } catch (error) {
    if (error instanceof SyscallError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a failed system call', () => {
  test('says what was tried, on what, how, and what the kernel answered', () => {
    const error = failureOf(() => native().openat2(AT_FDCWD, '/nonexistent/passwd', { flags: 0o1 }));
    expect(error).toMatchObject({
      name: 'SyscallError',
      syscall: 'openat2',
      errno: 2,
      code: 'ENOENT',
      reason: 'no such file or directory',
      path: '/nonexistent/passwd',
      flags: 'O_WRONLY',
    });
    expect(error.message).toBe('openat2 /nonexistent/passwd (O_WRONLY): ENOENT: no such file or directory');
    expect(error.stack).toContain('errors.test.ts');
  });

  test('leaves out what there is not', () => {
    expect(failureOf(() => native().unlinkat(AT_FDCWD, '/nonexistent')).message).toBe(
      'unlinkat /nonexistent: ENOENT: no such file or directory',
    );
  });

  test('names mount flags as mount(8) does', () => {
    const error = failureOf(() => native().mount('proc', '/nonexistent', 'proc', 2 | 4 | 8));
    expect(error.message).toMatch(/^mount proc on \/nonexistent \(nosuid,nodev,noexec\): E(NOENT|PERM): /);
  });

  test('a wrong argument is named by its position, a wrong option by its name', () => {
    const addon = native();
    expect(() => addon.openat2('/' as never, '/', { flags: 0 })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'openat2: argument 1 must be an integer',
      }),
    );
    expect(() => addon.openat2(AT_FDCWD, '/', { flags: 'r' as never })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'openat2: flags must be an integer',
      }),
    );
    expect(() => addon.mkdirat(AT_FDCWD, 'a\0b', 0o755)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'mkdirat: argument 2 must not contain NUL',
      }),
    );
    expect(() => addon.close(2 ** 31)).toThrow(RangeError);
  });
});
