import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

// scripts/mutants takes minutes and is run on demand: what it would edit must not get lost meanwhile.

interface Mutant {
  readonly name: string;
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
}

const PROJECT = path.resolve(import.meta.dirname, '../..');
const tables = readdirSync(path.join(PROJECT, 'scripts/mutants.d')).sort();

/** What of a mutant's edits is not there exactly once, each after those before it. */
function lost({ name, edits }: Mutant): string[] {
  const texts = new Map<string, string>();
  return edits.flatMap(([file, from, to]) => {
    const text = texts.get(file) ?? readFileSync(path.join(PROJECT, file), 'utf8');
    texts.set(
      file,
      text.replace(from, () => to),
    );
    const count = text.split(from).length - 1;
    return count === 1 ? [] : [`${name}: ${file}: ${count} times: ${from}`];
  });
}

test.each(tables)('every edit of %s still has its place', async (table) => {
  const { default: mutants }: { default: readonly Mutant[] } = await import(
    path.join(PROJECT, 'scripts/mutants.d', table)
  );
  expect(mutants.length).toBeGreaterThan(0);
  expect(mutants.flatMap(lost)).toEqual([]);
});
