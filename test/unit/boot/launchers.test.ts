import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
// @ts-expect-error a plain script, without types
import { LAUNCHERS, renderLauncher } from '../../../scripts/launchers.mjs';
import { MAKING } from '../../../src/boot/entries.ts';
import { FLAGS, MALLOC, TAG } from '../../../src/boot/flags.ts';
import { BRIEF } from '../../../src/tinyrunc/verbs.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

it.each(Object.keys(LAUNCHERS))('bin/%s is what scripts/launchers.mjs makes', (command) => {
  const made = renderLauncher(read('src/boot/launcher.sh'), command, {
    flags: FLAGS,
    tag: TAG,
    malloc: MALLOC,
    own: { main: MAKING, tinyrunc: BRIEF },
  });
  expect(read(`bin/${command}`)).toBe(made);
  expect(made).not.toMatch(/@\w+@|undefined/);
});
