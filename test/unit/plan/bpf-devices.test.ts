import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allowsAll, deviceProgram } from '../../../src/plan/bpf-devices.ts';
import { DEVICE_ALLOW_ALL, DEVICE_ALLOWLIST, DEVICE_DENY_ALL } from '../../../src/spec/defaults.ts';
import type { LinuxDeviceCgroup } from '../../../src/spec/types.ts';

// Properties take their time on a busy machine.

interface Access {
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  /** m 1, r 2, w 4. */
  readonly bits: number;
}

const BITS = { m: 1, r: 2, w: 4 } as const;

/** What the rules mean: for each bit the last rule that names the device and the bit decides; none denies. */
function model(rules: readonly LinuxDeviceCgroup[], access: Access): boolean {
  return Object.entries(BITS).every(([letter, bit]) => {
    if ((access.bits & bit) === 0) return true;
    const deciding = rules.findLast(
      ({ type, major = -1, minor = -1, access: letters = 'rwm' }) =>
        (type === undefined || type === 'a' || type === access.type) &&
        (major === -1 || major === access.major) &&
        (minor === -1 || minor === access.minor) &&
        letters.includes(letter),
    );
    return deciding?.allow ?? false;
  });
}

/** Runs the instructions that the compiler uses; also refuses what the kernel's verifier would. */
function interpret(program: Uint8Array, access: Access): boolean {
  const code = Buffer.from(program);
  const context = [(access.bits << 16) | (access.type === 'b' ? 1 : 2), access.major, access.minor];
  const r = new Array<number>(11).fill(Number.NaN);
  r[1] = 0;
  for (let pc = 0; ; pc++) {
    if (8 * pc >= code.length) throw new Error('fell off the end');
    const op = code.readUInt8(8 * pc);
    const dst = code.readUInt8(8 * pc + 1) & 15;
    const src = code.readUInt8(8 * pc + 1) >> 4;
    const offset = code.readInt16LE(8 * pc + 2);
    const imm = code.readInt32LE(8 * pc + 4);
    const value = r[dst] ?? Number.NaN;
    if (op === 0x95) {
      if (Number.isNaN(r[0])) throw new Error('r0 is not set');
      return r[0] === 1;
    }
    if (op === 0x61) r[dst] = context[offset / 4] ?? Number.NaN;
    else if (op === 0xbf) r[dst] = r[src] ?? Number.NaN;
    else if (op === 0xb7) r[dst] = imm;
    else if (op === 0x57) r[dst] = value & imm;
    else if (op === 0x77) r[dst] = value >>> imm;
    else if (op === 0x55) pc += value !== imm ? offset : 0;
    else if (op === 0x15) pc += value === imm ? offset : 0;
    else throw new Error(`unknown instruction ${op.toString(16)}`);
    if (op === 0x55 || op === 0x15) {
      if (offset < 0) throw new Error('a jump back');
      if (Number.isNaN(value)) throw new Error('a jump on an unset register');
    }
  }
}

/** The verifier refuses a program with instructions that no path reaches. */
function unreachable(program: Uint8Array): number[] {
  const code = Buffer.from(program);
  const seen = new Set<number>();
  const open = [0];
  for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
    if (seen.has(pc) || 8 * pc >= code.length) continue;
    seen.add(pc);
    const op = code.readUInt8(8 * pc);
    if (op === 0x95) continue;
    open.push(pc + 1);
    if (op === 0x55 || op === 0x15) open.push(pc + 1 + code.readInt16LE(8 * pc + 2));
  }
  return Array.from({ length: code.length / 8 }, (_, pc) => pc).filter((pc) => !seen.has(pc));
}

// Few numbers, so that rules and accesses meet.
const number = fc.integer({ min: 0, max: 3 });
const rule: fc.Arbitrary<LinuxDeviceCgroup> = fc.record(
  {
    allow: fc.boolean(),
    type: fc.constantFrom('a', 'b', 'c'),
    major: fc.oneof(number, fc.constant(-1)),
    minor: fc.oneof(number, fc.constant(-1)),
    access: fc.constantFrom('r', 'w', 'm', 'rw', 'wr', 'mr', 'wm', 'rwm', 'mwr', ''),
  },
  { requiredKeys: ['allow'] },
);
const access: fc.Arbitrary<Access> = fc.record({
  type: fc.constantFrom('b', 'c'),
  major: number,
  minor: number,
  bits: fc.integer({ min: 0, max: 7 }),
});

describe('deviceProgram', () => {
  test('decides as the rules say', () => {
    fc.assert(
      fc.property(
        fc.array(rule, { maxLength: 8 }),
        fc.array(access, { minLength: 1, maxLength: 8 }),
        (rules, asked) => {
          const program = deviceProgram(rules);
          expect(unreachable(program)).toEqual([]);
          for (const each of asked) expect(interpret(program, each)).toBe(model(rules, each));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('the default list: null yes, a disk no, any node may be made', () => {
    const program = deviceProgram([DEVICE_DENY_ALL, ...DEVICE_ALLOWLIST]);
    const may = (type: 'b' | 'c', major: number, minor: number, bits: number) =>
      interpret(program, { type, major, minor, bits });
    expect(may('c', 1, 3, 6)).toBe(true);
    expect(may('c', 136, 77, 6)).toBe(true);
    expect(may('b', 8, 0, 1)).toBe(true);
    expect(may('b', 8, 0, 2)).toBe(false);
    expect(may('c', 10, 229, 2)).toBe(false);
    expect(may('c', 1, 1, 6)).toBe(false);
  });

  test('the letters of an access come in any order', () => {
    const of = (access: string) => deviceProgram([{ allow: true, type: 'c', major: 1, minor: 3, access }]);
    for (const letters of ['rwm', 'mwr', 'wmr', 'mrw']) expect(of(letters)).toEqual(of('rwm'));
    expect(of('wr')).toEqual(of('rw'));
    expect(of('mw')).toEqual(of('wm'));
  });

  test('a denied bit denies the whole access', () => {
    const program = deviceProgram([
      DEVICE_ALLOW_ALL,
      { allow: false, type: 'c', major: 1, minor: 3, access: 'w' },
    ]);
    expect(interpret(program, { type: 'c', major: 1, minor: 3, bits: BITS.r })).toBe(true);
    expect(interpret(program, { type: 'c', major: 1, minor: 3, bits: BITS.r | BITS.w })).toBe(false);
  });
});

test('allowsAll', () => {
  expect(allowsAll([])).toBe(false);
  expect(allowsAll([DEVICE_ALLOW_ALL])).toBe(true);
  expect(allowsAll([DEVICE_DENY_ALL, { allow: true, type: 'a', access: 'rwm' }])).toBe(true);
  expect(allowsAll([DEVICE_ALLOW_ALL, { allow: false, type: 'c', major: 1, access: 'w' }])).toBe(false);
  expect(allowsAll([{ allow: true, access: 'rw' }])).toBe(false);
});
