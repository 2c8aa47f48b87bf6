import { describe, expect, test } from 'vitest';
import { inherit, parseEnvFile } from '../../src/cli/flags/parse/env.ts';
import { parseMount } from '../../src/cli/flags/parse/mount.ts';
import { compileTemplate } from '../../src/cli/output/template.ts';
import { locate } from '../../src/cli/verb.ts';
import { TABLE } from '../../src/cli/verbs.ts';
import { mountsOf } from '../../src/engine/config/mounts.ts';
import { applyChanges } from '../../src/image/changes.ts';
import { matcher, parseFilters } from '../../src/image/filter.ts';
import { parsePlatform } from '../../src/image/platform.ts';
import { parseChallenges } from '../../src/image/registry/challenge.ts';
import { compile } from '../../src/plan/compile/index.ts';
import { parseMountOptions } from '../../src/plan/compile/mount-options.ts';
import { unitProperties } from '../../src/runtime/systemd.ts';
import { dict } from '../../src/store/dict.ts';
import { VERBS } from '../../src/tinyrunc/verbs.ts';
import { ROOT } from '../golden/plan/hosts.ts';
import { MINIMAL } from '../golden/plan/specs.ts';

// What every object of JavaScript answers to, asked for from outside.
const NAMES = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf'];

describe.each(NAMES)('%s', (name) => {
  test('is in no table', () => {
    const table: Record<string, number> = dict({ a: 1 });
    expect(table[name]).toBeUndefined();
    expect(locate(TABLE, [name])).toBeUndefined();
    expect(locate(TABLE, ['image', name])).toMatchObject({ is: 'group' });
    expect(VERBS[name]).toBeUndefined();
  });

  test('is no mount option of ours: the file system is asked', () => {
    const { data, propagation, set, clear, recSet } = parseMountOptions([name, `r${name}`]);
    expect({ data, propagation, set, clear, recSet }).toEqual({
      data: [name, `r${name}`],
      propagation: 0,
      set: 0,
      clear: 0,
      recSet: 0,
    });
  });

  test('is no variable of the host', () => {
    expect(inherit(name, process.env)).toBe(name);
    expect(parseEnvFile(Buffer.from(name), 'file', process.env)).toEqual([]);
  });

  test('is no key of --mount, no option of --tmpfs', () => {
    expect(() => parseMount(`${name}=1,target=/x`, String)).toThrow('--mount');
    expect(() => mountsOf([{ kind: 'tmpfs', target: '/x', options: [name] }])).toThrow(
      `invalid tmpfs option "${name}"`,
    );
  });

  test('is no instruction, no filter, no unit of time', () => {
    expect(() => applyChanges({}, [`${name} x`])).toThrow('is not a valid change command');
    expect(() => parseFilters([`${name}=1`], ['label'])).toThrow('invalid filter');
    const filters = parseFilters([`label=${name}`], ['label']);
    expect(matcher(filters, () => undefined)({ entry: { labels: {} } } as never)).toBe(false);
  });

  test('is an architecture like any unknown one', () => {
    expect(parsePlatform(`linux/${name}`).architecture).toBe(name.toLowerCase());
  });

  test('is no parameter of a challenge', () => {
    const [challenge] = parseChallenges(`Bearer realm="https://a",${name}="x"`);
    const key = name.toLowerCase();
    expect(Object.entries(challenge?.parameters ?? {})).toEqual([
      ['realm', 'https://a'],
      [key, 'x'],
    ]);
  });

  test('is no property of a unit', () => {
    expect(unitProperties(Object.fromEntries([[name, '1']]))).toEqual([]);
  });

  test('is neither function nor field of a template', () => {
    const run = (text: string) => compileTemplate(text)({ ID: 'abc', Names: ['a'], Labels: { a: 'b' } });
    expect(() => run(`{{${name} 1}}`)).toThrow(`function "${name}" not defined`);
    expect(() => run(`{{.ID | ${name}}}`)).toThrow('not defined');
    expect(() => run(`{{.${name}}}`)).toThrow(`no field ${name}`);
    expect(() => run(`{{.ID.${name}}}`)).toThrow("can't evaluate field");
    expect(() => run(`{{index .Names "${name}"}}`)).toThrow('is no number');
    expect(run(`{{index .Labels "${name}"}}`)).toBe('');
    expect(run(`{{.Labels.${name}}}`)).toBe('<no value>');
  });

  test('has no reason of ours as a type of file system', () => {
    const mounts = [...(MINIMAL.mounts ?? []), { destination: '/x', type: name, source: 'x' }];
    const rootfs = { kind: 'directory', path: '/b/rootfs' } as const;
    const options = { id: 'c1', bundle: '/b', rootfs, wait: { kind: 'exec' } } as const;
    const { steps } = compile({ ...MINIMAL, mounts }, ROOT, options).plan;
    expect(steps.find(({ args }) => Object.values(args).includes(name))?.why).toBe(`a ${name} filesystem`);
  });
});

test('what a template asks for is bounded as Go’s fmt bounds it', () => {
  const run = (text: string) => compileTemplate(text)({ ID: 'abc', N: 2e9 });
  expect(run('{{printf "%999999999d" 1}}')).toBe('%!(NOVERB)%!(EXTRA int=1)');
  expect(run('{{printf "%.999999999f" 1.5}}')).toContain('%!(NOVERB)');
  expect(run('{{printf "%.200f" 1.5 | len}}')).toBe('102');
  expect(run('{{printf "%c" 99999999}}')).toBe('\ufffd');
  expect(() => run('{{pad .ID 999999999 1}}')).toThrow('is no width');
  expect(() => run('{{pad .ID -1 1}}')).toThrow('is no width');
  expect(() => run('{{range .N}}x{{end}}')).toThrow('more than');
});

test('a template’s JSON and %q have no bytes that a terminal obeys', () => {
  const run = (text: string) => compileTemplate(text)({ Label: 'a\u009b31m\x1b[0m' });
  expect(run('{{json .Label}}')).toBe('"a\\u009b31m\\u001b[0m"');
  expect(run('{{printf "%q" .Label}}')).toBe('"a\\u009b31m\\x1b[0m"');
});
