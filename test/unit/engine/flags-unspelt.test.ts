import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ENGINE = path.resolve(import.meta.dirname, '../../../src/engine');

/** What the engine may say of a command line, and why. */
const ALLOWED: readonly (readonly [RegExp, string])[] = [
  [/^doctor\//, 'doctor speaks to a person at a terminal, of flags that cannot work on this host'],
  [
    /^(record|manage)\.ts: .*--force/,
    'the hint is a whole command, tinyrun rm --force: there is no field for it',
  ],
  [/^requirements\.ts: .*docker, podman/, 'a flag of docker’s and podman’s, in whose container we are'],
  [/^config.propagation\.ts: .*mount --make-rshared/, 'a flag of mount(8)'],
  [/^again\.ts: .*_ended/, 'the command that a monitor becomes'],
  [/^apparmor\.ts: .*apparmor_parser/, 'flags of a program that is called'],
];

/** String literals that spell a flag; comments may. */
function spelt(file: string): string[] {
  const code = readFileSync(path.join(ENGINE, file), 'utf8')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/^\s*\/\/.*$/gm, '');
  return code
    .split('\n')
    .filter((line) => /['"`\s]--[a-z]/.test(line))
    .map((line) => `${file}: ${line.trim()}`);
}

test('the engine names fields, never a flag: other faces have other words', () => {
  const files = readdirSync(ENGINE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const found = files.flatMap(spelt);
  expect(found.filter((line) => !ALLOWED.some(([pattern]) => pattern.test(line)))).toEqual([]);
  for (const [pattern, why] of ALLOWED)
    expect({ why, used: found.some((line) => pattern.test(line)) }).toMatchObject({ used: true });
});
