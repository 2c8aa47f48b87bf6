import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

interface Mutant {
  readonly name: string;
  readonly edits: readonly (readonly [file: string, from: string, to: string])[];
  readonly test: string;
}

const ROOT = path.resolve(import.meta.dirname, '../..');
const TABLES = path.join(ROOT, 'scripts/mutants.d');

async function mutants(): Promise<Mutant[]> {
  const tables = await Promise.all(
    readdirSync(TABLES).map(async (name) => (await import(path.join(TABLES, name))) as { default: Mutant[] }),
  );
  return tables.flatMap((table) => table.default);
}

test('what a mutant takes out stands in the tree, exactly once, and the test that is to see it is there', async () => {
  const all = await mutants();
  expect(all.length).toBeGreaterThan(50);
  const lost = all.flatMap(({ name, edits, test: file }) => [
    ...(existsSync(path.join(ROOT, file)) ? [] : [`${name}: no ${file}`]),
    ...edits
      .filter(([at, from]) => readFileSync(path.join(ROOT, at), 'utf8').split(from).length !== 2)
      .map(([at]) => `${name}: ${at}`),
  ]);
  expect(lost).toEqual([]);
});
