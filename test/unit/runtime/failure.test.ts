import { describe, expect, it } from 'vitest';
import type { StepFailure } from '../../../src/native/types.ts';
import type { Step } from '../../../src/plan/types.ts';
import { planError } from '../../../src/runtime/failure.ts';
import { stepHint } from '../../../src/runtime/hints.ts';
import { parseSignal } from '../../../src/runtime/signals.ts';

const CODES: Readonly<Record<string, number>> = {
  ENOENT: 2,
  EACCES: 13,
  EPERM: 1,
  ECANCELED: 125,
  ENOEXEC: 8,
  ESRCH: 3,
  EINVAL: 22,
  EROFS: 30,
};

function failure(code: string, syscall = 'call', path = ''): StepFailure {
  return { step: 0, syscall, errno: CODES[code] ?? 0, code, path };
}

/** The error of a plan of one step. */
function errorOf(step: object, what: StepFailure) {
  return planError({ steps: [{ lane: 'container', why: '', ...step } as Step] }, what);
}

describe('the failure of a plan', () => {
  it.each(['ELOOP', 'ENOTDIR'])("has runc's words for procfs over what is no plain directory: %s", (code) => {
    const args = {
      type: 'proc',
      source: 'proc',
      target: '/proc',
      attr: 0n,
      options: [],
      flags: 4,
      propagation: 0,
    };
    const words = 'filesystem "proc" must be mounted on ordinary directory';
    expect(errorOf({ op: 'mountFs', args }, failure(code, 'openat2', '/proc')).message).toContain(words);
    expect(errorOf({ op: 'mountFs', args }, failure('EPERM', 'fsmount', '/proc')).message).not.toContain(
      words,
    );
    const tmpfs = { ...args, type: 'tmpfs', flags: 0 };
    expect(errorOf({ op: 'mountFs', args: tmpfs }, failure(code, 'openat2', '/proc')).message).not.toContain(
      words,
    );
  });

  it('is no fault of the host where somebody killed the process', () => {
    const end = (how: string) =>
      errorOf(
        { op: 'awaitSync', args: { stage: 1 } },
        failure('ECHILD', 'waitid', `tinyrun-init ended in the middle of the plan, ${how}`),
      );
    expect(end('signal 9')).toMatchObject({
      code: 'SETUP_KILLED',
      message: 'start the program: its process was ended by SIGKILL while it was set up',
    });
    expect(end('exit status 9').code).toBe('SYSCALL');
    const named = failure('ENOENT', 'openat2', 'tinyrun-init ended in the middle of the plan, signal 9');
    expect(errorOf({ op: 'chdir', args: { path: named.path } }, named).code).toBe('SYSCALL');
  });

  it('names the step, the system call, errno, and what to do', () => {
    const step = {
      op: 'mountFs',
      args: {
        type: 'proc',
        source: 'proc',
        target: '/proc',
        attr: 0x2n | 0x8n,
        options: [],
        flags: 0,
        propagation: 0,
      },
    };
    const error = errorOf(step, failure('EPERM', 'fsmount', '/proc'));
    expect(error.message).toBe(
      'mount proc on /proc (nosuid,noexec): fsmount: EPERM: operation not permitted',
    );
    expect(error).toMatchObject({ code: 'SYSCALL', exitCode: 125 });
    expect(error.hint).not.toBe('');
  });

  // podman, conmon and containerd match these words to choose 127 and 126.
  it.each([
    ['nope', 'ENOENT', 127, 'exec: "nope": executable file not found in $PATH'],
    ['/nope', 'ENOENT', 127, 'exec: "/nope": stat /nope: no such file or directory'],
    ['/etc', 'EACCES', 126, 'exec: "/etc": permission denied'],
  ])('to find %s (%s) is %i', (name, code, exitCode, message) => {
    const error = errorOf({ op: 'findExecutable', args: { name, path: '/bin' } }, failure(code));
    expect(error).toMatchObject({ exitCode, message });
  });

  it('of a program of the host is what it printed', () => {
    const args = {
      path: '/usr/sbin/nft',
      args: ['nft'],
      env: [],
      input: new Uint8Array(),
      pidArg: 0,
      timeoutMs: 0,
    };
    const said = '/usr/sbin/nft failed with exit status 1, stdout: , stderr: no such table';
    expect(errorOf({ op: 'exec', args }, failure('ECANCELED', 'wait4', said)).message).toBe(said);
    expect(errorOf({ op: 'exec', args }, failure('ENOENT', 'execve', '/usr/sbin/nft')).message).toBe(
      'run /usr/sbin/nft: execve: ENOENT: no such file or directory',
    );
  });

  it('of a hook is one of hooks', () => {
    const step = { op: 'hook', args: { path: '/h' }, why: 'hooks.createContainer' };
    const error = errorOf(step, failure('ECANCELED', 'wait4', 'hook /h failed with exit status 3'));
    expect(error).toMatchObject({
      code: 'HOOK',
      message: 'error running createContainer hook: hook /h failed with exit status 3',
    });
  });

  it('that came back through the exec fifo is told as what it was', () => {
    const start = { op: 'signalStart', lane: 'host', args: { path: '/f' } };
    expect(errorOf(start, failure('ENOEXEC', 'execve', '/bin/x')).code).toBe('COMMAND_NOT_EXECUTABLE');
    expect(errorOf(start, failure('ECANCELED', 'wait4', 'hook /h was ended by signal 9')).code).toBe('HOOK');
    expect(errorOf(start, failure('ESRCH', 'read', '/f')).code).toBe('SYSCALL');
  });

  it('keeps what the interpreter said as its cause', () => {
    const what = failure('EPERM');
    expect(errorOf({ op: 'setsid', args: {} }, what).cause).toBe(what);
  });
});

it.each([
  ['9', 9],
  ['TERM', 15],
  ['sigkill', 9],
  ['SIGRTMIN+1', 35],
  ['0', 0],
])('the signal %s is %i', (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

it.each(['', 'NOPE', '65', '-1', '1.5'])('%j is no signal', (text) => {
  expect(() => parseSignal(text)).toThrow(/unknown signal/);
});

describe('what to do about a failing step', () => {
  const HOST = { container: false, userns: false };
  const CONTAINER = { container: true, userns: false };
  const USERNS = { container: false, userns: true };
  const hintOf = (op: string, what: StepFailure, here = HOST) =>
    stepHint({ op, args: {}, lane: 'container', why: '' } as unknown as Step, what, here);

  it.each([
    ['propagateRoot', failure('EINVAL', 'mount', '/'), HOST, /no mount point, as in a plain chroot/],
    ['pivotRoot', failure('EINVAL', 'pivot_root'), HOST, /initramfs/],
    ['cgroupCreate', failure('EROFS', 'mkdirat'), CONTAINER, /--privileged/],
    ['cgroupCreate', failure('EROFS', 'mkdirat'), HOST, /remount,rw/],
    ['cgroupCreate', failure('EACCES', 'mkdirat'), USERNS, /Delegate=yes/],
    ['clone', failure('EPERM', 'clone3'), CONTAINER, /--privileged/],
    ['clone', failure('EPERM', 'clone3'), HOST, /unprivileged_userns_clone/],
    ['mountFs', failure('EPERM', 'fsmount', '/proc'), USERNS, /systempaths=unconfined/],
    ['mountFs', failure('EACCES', 'fsmount', '/proc'), CONTAINER, /--privileged/],
    [
      'mountFs',
      failure('EINVAL', 'fsconfig', "devpts gid=5 (devpts: Invalid gid '5')"),
      USERNS,
      /too few ids/,
    ],
    ['mountFs', failure('EINVAL', 'fsconfig', 'tmpfs sise=5'), USERNS, /does not take one of these options/],
    ['setUser', failure('EINVAL', 'setgid'), USERNS, /too few ids/],
  ])('%s, %j, in %j', (op, what, here, hint) => {
    expect(hintOf(op, what, here)).toMatch(hint);
  });

  it('is left to the table of errors where no rule fits', () => {
    expect(hintOf('pivotRoot', failure('EPERM', 'pivot_root'))).toBeUndefined();
  });
});
