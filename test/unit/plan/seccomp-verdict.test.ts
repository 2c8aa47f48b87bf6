import { expect, test } from 'vitest';
import { permitsFork, verdict } from '../../../src/plan/seccomp-verdict.ts';
import { NO_SLOT } from '../../../src/plan/types.ts';
import { assemble } from '../spec/bpf.ts';

const ALLOW = 0x7fff0000;
const LOAD_NR = [0x20, 0, 0, 0];
const give = (value: number) => [0x06, 0, 0, value];
/** One verdict for a call, the next for the rest. */
const except = (nr: number, value: number) => [LOAD_NR, [0x15, 0, 1, nr], give(value), give(ALLOW)];

const permits = (lines: readonly (readonly number[])[], listener = NO_SLOT, arch = 'x64', dies = false) =>
  permitsFork(assemble(lines), listener, arch, dies);

test('a filter is loaded before the fork when all that follows may be called', () => {
  expect(permits([give(ALLOW)])).toBe(true);
  expect(permits([give(ALLOW)], NO_SLOT, 'arm64')).toBe(true);
  expect(permits(except(435, 0x50026))).toBe(true); // clone3: ENOSYS, so clone is taken
  expect(permits(except(435, 0x50001))).toBe(false); // clone3: EPERM
  expect(permits(except(112, 0x50001))).toBe(false); // setsid
  expect(permits(except(59, 0x80000000))).toBe(false); // execve
  expect(permits(except(16, 0x50001))).toBe(false); // ioctl
  // prctl: only who is to end with its parent calls it
  expect([false, true].map((dies) => permits(except(157, 0x50001), NO_SLOT, 'x64', dies))).toEqual([
    true,
    false,
  ]);
});

test('with a listener, on another machine, or by a program that is not understood, it is not', () => {
  expect(permits([give(ALLOW)], 3)).toBe(false);
  expect(permits([give(ALLOW)], NO_SLOT, 'riscv64')).toBe(false);
  expect(permits([[0x87, 0, 0, 0], give(ALLOW)])).toBe(false);
  expect(permits([LOAD_NR])).toBe(false);
});

test('masks and comparisons are unsigned', () => {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(16, 0xf0000001, true);
  const masked = [[0x20, 0, 0, 16], [0x54, 0, 0, 0xf0000000], [0x15, 0, 1, 0xf0000000], give(1), give(2)];
  expect(verdict(assemble(masked), data)).toBe(1);
  const above = [[0x20, 0, 0, 16], [0x25, 0, 1, 0x7fffffff], give(1), give(2)];
  expect(verdict(assemble(above), data)).toBe(1);
  expect(verdict(assemble([[0x05, 0, 0, 1], give(1), give(2)]), data)).toBe(2);
});
