import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TinyrunError } from '../../../src/errors.ts';
import { decode } from '../../../src/plan/decode.ts';
import { encode, HEADER, MAGIC } from '../../../src/plan/encode.ts';
import type { Plan, Step } from '../../../src/plan/types.ts';
import { plan, step } from './samples.ts';

const wire = ({ op, lane, args, mayFail }: Step) => ({ op, lane, args, ...(mayFail && { mayFail }) });
const one = (only: Step): Plan => ({ steps: [only] });
const chdir = (path: string): Plan =>
  one({ op: 'chdir', lane: 'container', args: { path, create: 0 }, why: 'a test' });

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof TinyrunError) return error.code;
    throw error;
  }
  return 'none';
}

describe('encode', () => {
  test('the layout is the one ARCHITECTURE.md draws', () => {
    const bytes = Buffer.from(encode(chdir('/aé')));
    expect(bytes.toString('latin1', 0, 4)).toBe('TRPL');
    expect(bytes.readUInt32LE(8)).toBe(bytes.length);
    expect(bytes.readUInt32LE(12)).toBe(1);
    expect(bytes.readInt32LE(20)).toBe(-1);
    expect(bytes.readInt32LE(HEADER - 4)).toBe(-1);
    expect(HEADER).toBe(288);
    // opcode, lane 2, no flags, 16 bytes: length 4, "/aé" and its NUL padded to 8, create
    expect(bytes.toString('hex', HEADER + 2)).toBe(
      `0200${'10000000'}${'04000000'}2f61c3a9${'00000000'}${'00000000'}`,
    );
    expect(MAGIC).toBe(bytes.readUInt32LE(0));
  });

  test('a NUL is refused by step and field', () => {
    expect(() => encode(chdir('/a\0b'))).toThrow('step 1 (chdir), path: "/a\\u0000b" holds a NUL byte');
    expect(codeOf(() => encode(chdir('\0')))).toBe('PLAN_ARGUMENT');
  });

  test.each([-1, 2 ** 32, 0.5, Number.NaN])('%d is not 32 bits', (create) => {
    const wrong = one({ op: 'chdir', lane: 'container', args: { path: '/', create }, why: '' });
    expect(codeOf(() => encode(wrong))).toBe('PLAN_ARGUMENT');
  });

  test('a plan larger than its first buffer', () => {
    const long = {
      steps: Array.from({ length: 300 }, (_, i) => chdir(`/${'x'.repeat(i * 7)}`).steps).flat(),
    };
    expect(decode(encode(long))).toEqual(long.steps.map(wire));
  });

  test('more than 16 MiB is refused', () => {
    expect(codeOf(() => encode(chdir('x'.repeat(17 << 20))))).toBe('PLAN_ARGUMENT');
  });
});

describe('decode', () => {
  test('gives back every plan', () => {
    fc.assert(
      fc.property(plan, (given) => {
        expect(decode(encode(given))).toEqual(given.steps.map(wire));
      }),
      { numRuns: 300 },
    );
  });

  test('damaged bytes are refused with PLAN_DAMAGED and nothing else', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(plan, damage, (given, changes) => {
        const bytes = Buffer.from(encode(given));
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        expect(['none', 'PLAN_DAMAGED']).toContain(codeOf(() => decode(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  test('every truncation is refused', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 3 }), fc.nat(), (steps, cut) => {
        const bytes = Buffer.from(encode({ steps }));
        const kept = Buffer.from(bytes.subarray(0, cut % bytes.length));
        // also where the header agrees
        if (kept.length >= HEADER) kept.writeUInt32LE(kept.length, 8);
        expect(codeOf(() => decode(kept))).toBe('PLAN_DAMAGED');
      }),
    );
  });

  const broken: [string, (bytes: Buffer) => void, string][] = [
    ['magic', (b) => b.write('X', 0), 'magic number'],
    ['version', (b) => b.writeUInt32LE(2, 4), 'another version'],
    ['size', (b) => b.writeUInt32LE(1, 8), 'size in the header'],
    ['count', (b) => b.writeUInt32LE(2, 12), 'count of steps'],
    ['flags', (b) => b.writeUInt32LE(4, 16), 'unknown flags in the header'],
    ['reserved', (b) => b.writeUInt32LE(1, 28), 'reserved word'],
    ['control', (b) => b.writeInt32LE(-2, 20), 'control socket'],
    ['slot', (b) => b.writeInt32LE(-7, 40), 'slot holds no fd'],
    ['opcode', (b) => b.writeUInt16LE(999, HEADER), 'unknown step'],
    ['opcode 0', (b) => b.writeUInt16LE(0, HEADER), 'unknown step'],
    ['lane', (b) => b.writeUInt8(1, HEADER + 2), 'does not run in this lane'],
    ['lane 3', (b) => b.writeUInt8(3, HEADER + 2), 'does not run in this lane'],
    ['step flags', (b) => b.writeUInt8(2, HEADER + 3), 'unknown flags of a step'],
    ['payload', (b) => b.writeUInt32LE(9999 * 4, HEADER + 4), 'reach beyond the plan'],
    ['odd payload', (b) => b.writeUInt32LE(15, HEADER + 4), 'multiple of four'],
    ['long string', (b) => b.writeUInt32LE(0xffffffff, HEADER + 8), 'arguments end early'],
    ['NUL inside', (b) => b.writeUInt8(0, HEADER + 13), 'NUL inside'],
    ['no NUL', (b) => b.writeUInt32LE(3, HEADER + 8), 'no NUL at its end'],
    ['padding', (b) => b.writeUInt8(1, HEADER + 19), 'padding is not zero'],
  ];
  test.each(broken)('%s', (_name, breakIt, fault) => {
    const bytes = Buffer.from(encode(chdir('/abc')));
    breakIt(bytes);
    expect(() => decode(bytes)).toThrow(fault);
  });
});
