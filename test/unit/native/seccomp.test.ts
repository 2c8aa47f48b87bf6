import { describe, expect, test } from 'vitest';
import { native, type SeccompInput } from '../../../src/native/index.ts';

const compile = (profile: SeccompInput) => native().seccompCompile(profile);
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;

/** What a filter answers to one call of the native architecture: the few BPF instructions libseccomp uses. */
function run(filter: Uint8Array, number: number, args: readonly number[] = []): number {
  const view = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const audit = process.arch === 'arm64' ? 0xc00000b7 : 0xc000003e;
  const words = [number, audit, 0, 0, ...[0, 1, 2, 3, 4, 5].flatMap((i) => [args[i] ?? 0, 0])];
  let value = 0;
  for (let pc = 0; ; pc++) {
    const [op, yes, no, k] = [
      view.getUint16(pc * 8, true),
      view.getUint8(pc * 8 + 2),
      view.getUint8(pc * 8 + 3),
      view.getUint32(pc * 8 + 4, true),
    ];
    if (op === 0x20) value = words[k / 4] ?? 0;
    else if (op === 0x54) value = (value & k) >>> 0;
    else if (op === 0x15) pc += value === k ? yes : no;
    else if (op === 0x25) pc += value > k ? yes : no;
    else if (op === 0x35) pc += value >= k ? yes : no;
    else if (op === 0x05) pc += k;
    else if (op === 0x06) return k;
    else throw new Error(`unknown BPF instruction ${op}`);
  }
}

const READ = process.arch === 'arm64' ? 63 : 0;
const SOCKET = process.arch === 'arm64' ? 198 : 41;
const MKDIRAT = process.arch === 'arm64' ? 34 : 258;

describe('seccompCompile', () => {
  test('allows what is listed and answers errno for the rest', () => {
    const { filter, flags, unknown } = compile({
      defaultAction: 'SCMP_ACT_ERRNO',
      defaultErrnoRet: 38,
      flags: ['SECCOMP_FILTER_FLAG_LOG', 'SECCOMP_FILTER_FLAG_SPEC_ALLOW'],
      syscalls: [
        { names: ['read', 'no_such_call'], action: 'SCMP_ACT_ALLOW' },
        { names: ['mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 13 },
      ],
    });
    expect(run(filter, READ)).toBe(ALLOW);
    expect(run(filter, MKDIRAT)).toBe(ERRNO + 13);
    expect(run(filter, SOCKET)).toBe(ERRNO + 38);
    expect(flags).toBe(2 | 4);
    expect(unknown).toEqual(['no_such_call']);
  });

  test('compares arguments', () => {
    const { filter } = compile({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        {
          names: ['socket'],
          action: 'SCMP_ACT_ALLOW',
          args: [{ index: 0, value: 40n, op: 'SCMP_CMP_NE' }],
        },
        {
          names: ['read'],
          action: 'SCMP_ACT_ALLOW',
          args: [{ index: 1, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
        },
      ],
    });
    expect(run(filter, SOCKET, [1])).toBe(ALLOW);
    expect(run(filter, SOCKET, [40])).toBe(ERRNO + 1);
    expect(run(filter, READ, [0, 1])).toBe(ALLOW);
    expect(run(filter, READ, [0, 0x20000])).toBe(ERRNO + 1);
  });

  test('two comparisons of one argument are alternatives, as in runc', () => {
    const { filter } = compile({
      defaultAction: 'SCMP_ACT_ERRNO',
      syscalls: [
        {
          names: ['socket'],
          action: 'SCMP_ACT_ALLOW',
          args: [
            { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
            { index: 0, value: 2, op: 'SCMP_CMP_EQ' },
          ],
        },
      ],
    });
    expect([1, 2, 3].map((family) => run(filter, SOCKET, [family]))).toEqual([ALLOW, ALLOW, ERRNO + 1]);
  });

  test('a rule equal to the default is no error', () => {
    const { filter } = compile({
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
    });
    expect(run(filter, READ)).toBe(ALLOW);
  });

  test('further architectures enlarge the filter', () => {
    const native = compile({
      defaultAction: 'SCMP_ACT_KILL',
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
    });
    const both = compile({
      defaultAction: 'SCMP_ACT_KILL',
      architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_AARCH64'],
      syscalls: [{ names: ['read'], action: 'SCMP_ACT_ALLOW' }],
    });
    expect(both.filter.length).toBeGreaterThan(native.filter.length);
  });

  test.each([
    ['action', { defaultAction: 'SCMP_ACT_NONE' }],
    ['architecture', { defaultAction: 'SCMP_ACT_ALLOW', architectures: ['SCMP_ARCH_NONE'] }],
    ['flag', { defaultAction: 'SCMP_ACT_ALLOW', flags: ['NONE'] }],
  ])('an unknown %s is refused by name', (what, profile) => {
    expect(() => compile(profile)).toThrow(new RegExp(`unknown seccomp ${what} .*NONE`));
  });

  test.each([
    [{}],
    [{ defaultAction: 1 }],
    [{ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1e6 }],
    [{ defaultAction: 'SCMP_ACT_ALLOW', syscalls: {} }],
    [{ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [null] }],
    [{ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: 'read', action: 'SCMP_ACT_LOG' }] }],
    [
      {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [
          { names: ['read'], action: 'SCMP_ACT_LOG', args: [{ index: 9, value: 1, op: 'SCMP_CMP_EQ' }] },
        ],
      },
    ],
  ])('%j is refused', (profile) => {
    expect(() => compile(profile as never)).toThrow(/must|defaultErrnoRet|errnoRet/);
  });
});
