import { Command } from 'commander';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainBooleans } from '../../../src/cli/booleans.ts';
import { exitCodeOf, formatFailure, toFailure } from '../../../src/cli/fail.ts';
import { table } from '../../../src/cli/output/table.ts';
import { TinyrunError } from '../../../src/errors.ts';
import { distance, suggest } from '../../../src/store/suggest.ts';
import { humanDuration } from '../../../src/views/units.ts';

describe('near misses', () => {
  test.each([
    ['rnu', 'run', 1],
    ['run', 'run', 0],
    ['pss', 'ps', 1],
    ['', 'abc', 3],
    ['kitten', 'sitting', 3],
  ])('%j to %j is %d', (a, b, expected) => expect(distance(a, b)).toBe(expected));

  test('nearest first, nothing that is far', () => {
    expect(suggest('rnu', ['run', 'rm', 'ps'])).toEqual(['run']);
    expect(suggest('--memroy', ['--memory', '--mount'])).toEqual(['--memory']);
    expect(suggest('frobnicate', ['run', 'ps'])).toEqual([]);
  });

  test('a distance is symmetric and 0 for equals only', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        expect(distance(a, b)).toBe(distance(b, a));
        expect(distance(a, b) === 0).toBe(a === b);
      }),
    );
  });
});

describe('boolean flags with a value', () => {
  const program = new Command()
    .option('--rm')
    .option('-i, --interactive')
    .option('-e, --env <x>')
    .option('-t, --tty')
    .option('--platform <OS/ARCH[/VARIANT]>');
  test.each([
    [
      ['--rm=true', 'x'],
      ['--rm', 'x'],
    ],
    [
      ['--rm=false', 'x', '--rm=false'],
      ['x', '--rm=false'],
    ],
    [
      ['--env', '--rm=true', 'x'],
      ['--env', '--rm=true', 'x'],
    ],
    [
      ['-ite', '--rm=true', 'x'],
      ['-ite', '--rm=true', 'x'],
    ],
    [
      ['-eA', '--rm=1', 'x'],
      ['-eA', '--rm', 'x'],
    ],
    [
      ['--env=--rm=true', '--env=--rm=maybe'],
      ['--env=--rm=true', '--env=--rm=maybe'],
    ],
    [
      ['--', '--rm=true'],
      ['--', '--rm=true'],
    ],
    [
      ['--platform', 'linux/arm64', '--platform=linux/arm64'],
      ['--platform', 'linux/arm64', '--platform=linux/arm64'],
    ],
  ])('%j', (args, plain) => expect(plainBooleans(args, program, true)).toEqual(plain));
});

describe('failures', () => {
  test('a TinyrunError brings its hint and exit code', () => {
    const failure = toFailure(new TinyrunError('COMMAND_NOT_FOUND', 'exec: "x": no'));
    expect(failure.exitCode).toBe(127);
    expect(formatFailure(failure, 'tinyrun run')).toMatch(
      /^tinyrun: exec: "x": no\nhint: the program must exist/,
    );
  });
  test.each([
    ['run', 'USAGE', 125],
    ['run', 'REGISTRY', 125],
    ['run', 'COMMAND_NOT_EXECUTABLE', 126],
    ['tag', 'IMAGE_NOT_FOUND', 1],
    ['tag', 'INTERNAL', 1],
    ['tag', 'FLAG', 125],
    [undefined, 'FLAG', 125],
  ] as const)('%s with %s ends with %d', (verb, code, exit) => {
    expect(exitCodeOf(toFailure(new TinyrunError(code, 'x')), verb)).toBe(exit);
  });
  test('a full disk is told as such', () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    expect(toFailure(error)).toMatchObject({ exitCode: 125, hint: expect.stringMatching(/free space/) });
  });
  test('what nobody foresaw says that it is a defect, on one line', () => {
    const failure = toFailure(new TypeError('x is not\na function'));
    expect(formatFailure(failure, 'tinyrun run')).toMatch(
      /^tinyrun: x is not a function\nhint: this is a defect/,
    );
  });
});

describe('output', () => {
  test('columns', () => {
    expect(
      table([
        ['A', 'LONGER', 'C'],
        ['aaaa', 'b', ''],
      ]),
    ).toBe('A         LONGER    C\naaaa      b\n');
  });
  test('on a narrow terminal the widest columns are folded, and nothing is lost', () => {
    const rows = [
      ['ID', 'COMMAND', 'NAMES'],
      ['abc', '"sh -c \'sleep 1000 and more\'"', 'a-very-long-name-of-one'],
    ];
    const folded = table(rows, 40);
    for (const line of folded.split('\n')) expect(line.length).toBeLessThanOrEqual(40);
    expect(folded.replace(/\s+/g, '')).toContain('IDCOMMANDNAMES');
    expect(table(rows, 40)).toBe(
      `ID   COMMAND            NAMES
abc  "sh -c 'sleep      a-very-long-name
     1000 and more'"    -of-one
`,
    );
    expect(table(rows, 200)).toBe(table(rows));
  });
  test.each([
    [0, 'Less than a second'],
    [1000, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [150_000, '2 minutes'],
    [3_600_000, 'About an hour'],
    [7_200_000, '2 hours'],
    [2 * 86_400_000, '2 days'],
    [15 * 86_400_000, '2 weeks'],
  ])('%d ms is %s', (ms, text) => expect(humanDuration(ms)).toBe(text));
});
