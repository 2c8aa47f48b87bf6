import { describe, expect, test } from 'vitest';
import { native, type SeccompInput } from '../../../src/native/index.ts';
import { DEFAULT_CAPABILITIES } from '../../../src/spec/defaults.ts';
import { CAPABILITIES } from '../../../src/spec/linux.ts';
import { defaultSeccomp } from '../../../src/spec/seccomp.ts';
import { assemble } from '../spec/bpf.ts';
import { differences, instructions, program, randomProfile, seeded } from './filters.ts';

const ALLOW = 0x7fff0000;
const shrink = (filter: Uint8Array) => native().seccompShrink(filter);
const compile = (profile: SeccompInput) => native().seccompCompile(profile).filter;

/** How long the filter was and is; both answer alike. */
function compared(filter: Uint8Array): [number, number] {
  const short = shrink(filter);
  expect(differences(filter, short)).toEqual([]);
  expect(short.length).toBeLessThanOrEqual(filter.length);
  return [instructions(filter), instructions(short)];
}

const docker = (capabilities: readonly string[], options = {}) =>
  compile(defaultSeccomp(capabilities, process.arch, options) as SeccompInput);
const ARCHITECTURES =
  process.arch === 'x64'
    ? ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32']
    : ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'];

describe('a shorter filter that says the same', () => {
  test("docker's profile is a fifth of it", () => {
    const [before, after] = compared(docker(DEFAULT_CAPABILITIES));
    expect(after).toBeLessThan(before / 4);
    if (process.arch === 'x64') expect(after).toBeLessThanOrEqual(250);
  });

  test.each([
    ['every capability', docker(CAPABILITIES)],
    ['none', docker([])],
    ['socketcall', docker(DEFAULT_CAPABILITIES, { socketcall: true })],
  ])("docker's profile with %s", (_, filter) => {
    const [before, after] = compared(filter);
    expect(after).toBeLessThan(before / 4);
  });

  test('what allows everything is a few comparisons of the architecture', () => {
    const [, after] = compared(compile({ defaultAction: 'SCMP_ACT_ALLOW', architectures: ARCHITECTURES }));
    expect(after).toBeLessThanOrEqual(5);
  });

  test.each([
    'SCMP_ACT_ALLOW',
    'SCMP_ACT_ERRNO',
    'SCMP_ACT_KILL',
    'SCMP_ACT_KILL_PROCESS',
    'SCMP_ACT_LOG',
    'SCMP_ACT_NOTIFY',
    'SCMP_ACT_TRACE',
    'SCMP_ACT_TRAP',
  ])('profiles at random, by default %s', (defaultAction) => {
    for (let seed = 1; seed <= 4; seed++) {
      const profile = randomProfile(seeded(seed), defaultAction, ARCHITECTURES);
      expect({ seed, differ: compareOnly(compile(profile)) }).toEqual({ seed, differ: [] });
    }
  });

  test('programs at random', () => {
    let shorter = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const filter = assemble(program(seeded(seed)));
      expect({ seed, differ: compareOnly(filter, 4) }).toEqual({ seed, differ: [] });
      if (shrink(filter).length < filter.length) shorter++;
    }
    expect(shorter).toBeGreaterThan(20);
  });

  test('more than 255 instructions apart', () => {
    // Of each pair of numbers the second looks at its argument as the first does, with a value of their own.
    const lines = [[0x20, 0, 0, 0]];
    for (let nr = 0; nr < 240; nr++)
      lines.push([0x15, 0, 4, nr], [0x20, 0, 0, 16], [0x15, 0, 1, nr >> 1], [6, 0, 0, ALLOW], [6, 0, 0, 0]);
    const filter = assemble([...lines, [6, 0, 0, 0x50001]]);
    expect(compareOnly(filter, 4)).toEqual([]);
    // Two for the argument and one for the number of each pair, and a few jumps and returns to bridge them.
    expect(instructions(shrink(filter))).toBeLessThan(3 * 120 + 60);
  });
});

const compareOnly = (filter: Uint8Array, most = 60) => differences(filter, shrink(filter), most);

describe('left as it is', () => {
  const give = (value: number) => [6, 0, 0, value];
  // Each with what could be left out, were it understood.
  const idle = [
    [0x20, 0, 0, 0],
    [0x15, 0, 0, 7],
  ];
  test.each([
    [
      'a mask of the number',
      [...idle, [0x20, 0, 0, 0], [0x54, 0, 0, 0xff], [0x15, 0, 1, 3], give(0), give(ALLOW)],
    ],
    ['a bit of the number', [...idle, [0x20, 0, 0, 0], [0x45, 0, 1, 0x40000000], give(0), give(ALLOW)]],
    ['a comparison with nothing loaded', [[0x15, 0, 1, 0], give(ALLOW), give(ALLOW - 1), ...idle]],
    ['an instruction of another kind', [...idle, [0x87, 0, 0, 0], give(ALLOW)]],
    ['a load out of struct seccomp_data', [...idle, [0x20, 0, 0, 64], give(ALLOW)]],
    ['a load amid words', [...idle, [0x20, 0, 0, 2], give(ALLOW)]],
    ['a jump beyond the end', [...idle, [0x05, 0, 0, 0xffffffff], give(ALLOW)]],
    ['a comparison that jumps beyond the end', [...idle, [0x15, 1, 0, 1], give(ALLOW)]],
    ['no return', [...idle, [0x20, 0, 0, 0]]],
  ])('%s', (_, lines) => {
    const filter = assemble(lines);
    expect(Buffer.from(shrink(filter))).toEqual(Buffer.from(filter));
  });

  test('bytes that are no instructions are refused', () => {
    for (const length of [0, 1, 7, 9])
      expect(() => shrink(new Uint8Array(length))).toThrow('whole instructions');
  });
});
