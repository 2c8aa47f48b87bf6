// The launchers are shell scripts and cannot import: what they have in common with each other and with boot.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FLAGS, MALLOC } from '../../src/boot.ts';
import { BRIEF } from '../../src/entries.ts';

const launcher = (name: string) => readFileSync(join(import.meta.dirname, '../../bin', name), 'utf8');

it('the launchers differ in their names, and in the verbs that have a snapshot of their own', () => {
  const verbs = /^for word; do\n.*?^done\n/ms;
  const renamed = launcher('tinyrun')
    .replace('bin/tinyrun"', 'bin/tinyrunc"')
    .replace('entry=main', 'entry=tinyrunc')
    .replace("'main'", "'tinyrunc'");
  expect(launcher('tinyrunc').replace(verbs, '')).toBe(renamed);
  expect(verbs.exec(launcher('tinyrunc'))?.[0]).toContain(`    ${BRIEF.join(' | ')}) entry=brief`);
});

it('start node with the flags and the allocator that a snapshot is made for', () => {
  const text = launcher('tinyrun');
  expect(text).toContain(`export GLIBC_TUNABLES=${MALLOC}\n`);
  expect(text.match(/^ *exec "\$node" (.*?) --(snapshot-blob)? /gm)).toHaveLength(2);
  expect(text.split(`exec "$node" ${FLAGS.join(' ')} `)).toHaveLength(3);
});
