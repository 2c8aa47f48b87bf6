// config-linux.md, Seccomp: what each action does to the program.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bench } from '../tinyrunc/support.ts';
import { specOf } from './support.ts';

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.dispose());

describe('actions', () => {
  // The shell tells how mkdir ended: 128 and the signal (SIGSYS is 31).
  it.each([
    ['SCMP_ACT_ALLOW', '0'],
    ['SCMP_ACT_LOG', '0'],
    ['SCMP_ACT_ERRNO', '1'],
    ['SCMP_ACT_TRACE', '1'],
    ['SCMP_ACT_TRAP', '159'],
    ['SCMP_ACT_KILL', '159'],
    ['SCMP_ACT_KILL_THREAD', '159'],
    ['SCMP_ACT_KILL_PROCESS', '159'],
  ])('%s: mkdir ends with %s', (action, code) => {
    const spec = specOf(['sh', '-c', 'mkdir /tmp/x 2>/dev/null; echo $?'], (s) => {
      s.root = { path: 'rootfs', readonly: false };
      const rule = { names: ['mkdir', 'mkdirat'], action };
      Object.assign(s.linux, { seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [rule] } });
    });
    const { stdout, stderr } = bench.run(['run', '-b', bench.bundle(spec), bench.id()]);
    expect(stdout.trim(), stderr).toBe(code);
  });
});
