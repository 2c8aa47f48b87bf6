// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are words of Dockerfiles
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { expand } from '../../../src/build/dockerfile/expand.ts';
import { budgetOf, ExpandError, LONGEST } from '../../../src/build/dockerfile/expansion.ts';
import { dict } from '../../../src/store/dict.ts';

const VARIABLES: Readonly<Record<string, string>> = dict({
  a: 'foobarbaz',
  b: 'x/y/z.tar.gz',
  c: '*lit?',
  e: '',
  s: 'two words',
  d1: 'aXbXc',
});
const lookup = (name: string): string | undefined => VARIABLES[name];
const rules = () => ({ esc: '\\', budget: budgetOf() });
const text = (word: string): string => expand(word, lookup, rules()).text;
const message = (word: string): string => {
  try {
    return text(word);
  } catch (error) {
    return error instanceof ExpandError ? error.message : `no ExpandError: ${error}`;
  }
};

test.each([
  ['$a', 'foobarbaz'],
  ['${a}_x', 'foobarbaz_x'],
  ['$none-', '-'],
  ['\\$a', '$a'],
  ['\\${a}', '${a}'],
  ["'$a'", '$a'],
  ['"$a"', 'foobarbaz'],
  ['"\\$a \\" \\\\ \\n"', '$a " \\ \\n'],
  ['${e:-w}', 'w'],
  ['${e-w}', ''],
  ['${none-w}', 'w'],
  ['${e:+w}|${e+w}|${a:+w}|${none+w}', '|w|w|'],
  ['${none:-${a#foo}}', 'barbaz'],
  ['${none:-"a } b"}', 'a } b'],
  ["${none:-'$a'}", '$a'],
  ['${a#f*b}|${a##f*b}|${a%b*}|${a%%b*}', 'arbaz|az|foobar|foo'],
  ['${a/ba/fo}|${a//ba/fo}', 'fooforbaz|fooforfoz'],
  ['${a//?/-}', '---------'],
  ['${c#\\*}|${c%\\?}|${c%"t?"}', 'lit?|*lit|*li'],
  ['${b##*/}|${b%%.*}', 'z.tar.gz|x/y/z'],
  ['${b//\\//-}', 'x-y-z.tar.gz'],
  ['$', '$'],
  ['a$%', 'a$%'],
  ['$1$@', ''],
  ['a\\', 'a'],
])('%s is %s', (word, expected) => {
  expect(text(word)).toBe(expected);
});

test.each([
  ['${', "syntax error: missing '}'"],
  ['${a', "syntax error: missing '}'"],
  ['${a:-x', "syntax error: missing '}'"],
  ['${}', 'syntax error: bad substitution'],
  ['${:x}', 'syntax error: bad substitution'],
  ['${a^}', 'unsupported modifier (^) in substitution'],
  ['${a:x}', 'unsupported modifier (:x) in substitution'],
  ['${a/x}', "syntax error: missing '/'"],
  ['${none:?}', 'none: not allowed to be unset'],
  ['${e:?}', 'e: not allowed to be empty'],
  ['${e?x}', ''],
  ['${none?give it}', 'none: give it'],
  ['"a', 'unexpected end of statement while looking for matching double-quote'],
  ["'a", 'unexpected end of statement while looking for matching single-quote'],
])('%s is refused: %s', (word, expected) => {
  expect(message(word)).toBe(expected);
});

test('names that are not set are told, but for those with a word in their place', () => {
  const { unset, used } = expand('$x ${y:-$z} ${a:-$q} ${w#p}', lookup, rules());
  expect(unset.map(({ name }) => name)).toEqual(['x', 'z', 'w']);
  expect([...used]).toEqual(['x', 'y', 'z', 'a', 'q', 'w']);
});

test('only what comes of variables outside of quotes is split', () => {
  expect(expand('$s', lookup, rules()).fields).toEqual(['two', 'words']);
  expect(expand('"$s"', lookup, rules()).fields).toEqual(['two words']);
  expect(expand('x${s}y', lookup, rules()).fields).toEqual(['xtwo', 'wordsy']);
  expect(expand('$e', lookup, rules()).fields).toEqual([]);
  expect(expand('""', lookup, rules()).fields).toEqual(['']);
});

test('a heredoc keeps its quotes, and escapes nothing but $ and the escape', () => {
  const raw = { ...rules(), rawQuotes: true };
  expect(expand('"$a" \'$e\' \\$a \\n \\\\', lookup, raw).text).toBe('"foobarbaz" \'\' $a \\n \\');
});

test('the other escape', () => {
  expect(expand('`$a\\x', lookup, { ...rules(), esc: '`' }).text).toBe('$a\\x');
});

// What a bomb is made of: each takes a second or more where its bound is taken out.
test.each([
  ['nesting', `${'${x:-'.repeat(50_000)}${'}'.repeat(50_000)}`, 'expansions are nested too deeply'],
  ['doubling', '$big'.repeat(3), 'it expands to more than an argument may be'],
  ['doubling in quotes', `"${'$big'.repeat(100_000)}"`, 'it expands to more than an argument may be'],
  ['replacing', '${big//?/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx}', 'it expands to more than an argument may be'],
  [
    'a pattern that nearly fits everywhere',
    `\${big##*${'a'.repeat(20_000)}b}`,
    'patterns of this build take too long to match',
  ],
])('a bomb: %s', (_, word, expected) => {
  const big = 'a'.repeat(LONGEST / 2);
  expect(() => expand(word, (name) => (name === 'big' ? big : undefined), rules())).toThrow(expected);
});

test('all that a build expands is bounded, not only each word', () => {
  const shared = rules();
  const big = 'a'.repeat(LONGEST - 1);
  expect(() => {
    for (let i = 0; i < 1000; i++) expand('$big', () => big, shared);
  }).toThrow('more than 64 MB');
});

/** Words of the grammar that a shell and a Dockerfile have in common. */
const name = fc.constantFrom(...Object.keys(VARIABLES), 'none');
const plain = fc.stringMatching(/^[a-z/._ -]{0,4}$/);
const glob = fc
  .array(fc.constantFrom('*', '?', 'a', 'b', 'o', 'ba', '.', 'z', '\\*', '\\?', 'X'), { maxLength: 4 })
  .map((p) => p.join(''));
const { word } = fc.letrec<{ word: string; part: string }>((tie) => ({
  word: fc.array(tie('part'), { maxLength: 4 }).map((parts) => parts.join('')),
  part: fc.oneof(
    { depthSize: 'small' },
    plain,
    name.map((n) => `\${${n}}`),
    fc.tuple(name, fc.constantFrom('#', '##', '%', '%%'), glob).map(([n, op, p]) => `\${${n}${op}${p}}`),
    fc
      .tuple(name, fc.constantFrom(':-', '-', ':+', '+'), tie('word'))
      .map(([n, op, w]) => `\${${n}${op}${w}}`),
  ),
}));

/** What a shell makes of words, in double quotes as a Dockerfile has no splitting. */
function shell(program: string, words: readonly string[]): string[] {
  const script = words.map((one) => `printf '%s\\0' "${one}"\n`).join('');
  const { stdout, status, stderr } = spawnSync(program, { input: script, env: VARIABLES, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return stdout.split('\0').slice(0, -1);
}

test('dash makes the same of what both know', () => {
  const words = fc.sample(word, { numRuns: 3000, seed: 7 });
  expect(words.map((one) => text(`"${one}"`))).toEqual(shell('dash', words));
});

test('bash makes the same of replacements', () => {
  // bash 5.2 does not find `*\\*` in `*x`, though it matches `*`
  // bash takes an escape out of a replacement in quotes as it likes: there is none in these
  const replacement = fc
    .tuple(
      name,
      fc.constantFrom('/', '//'),
      glob.filter((p) => p !== '' && !p.includes('*\\*')),
      fc.stringMatching(/^[a-z.-]{0,3}$/),
    )
    .map(([n, op, pattern, by]) => `\${${n}${op}${pattern}/${by}}`);
  const words = fc.sample(replacement, { numRuns: 2000, seed: 11 });
  const theirs = shell('bash', words);
  const other = words.filter((one, at) => text(`"${one}"`) !== theirs[at]);
  expect(other).toEqual([]);
});
