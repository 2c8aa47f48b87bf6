import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  exported,
  moduleOf,
  pageExamples,
  printedBy,
  publicFunctions,
} from '../../../scripts/lib/examples.mjs';

const LIBRARY = join(import.meta.dirname, '../../../src/library');
const PUBLIC = [
  'container-types',
  'engine-types',
  'images',
  'networks',
  'types',
  'volumes',
  'wait/error',
  'wait/types',
];

it('what public declarations are made of is public', () => {
  const names = new Set(exported().map(({ name }) => name));
  const missing = PUBLIC.flatMap((file) => {
    const text = readFileSync(join(LIBRARY, `${file}.ts`), 'utf8');
    const imports = [...text.matchAll(/^import type \{([^}]*)\} from '\./gm)];
    return imports.flatMap(([, list = '']) =>
      list.split(',').map((name) => name.trim().replace(/ as .*/, '')),
    );
  }).filter((name) => name !== '' && !names.has(name));
  expect(missing.filter((name) => name !== 'Core')).toEqual([]);
});

describe('examples of the public API', () => {
  // that they do what they say: test/integration/library/docs.test.ts, and that they type: scripts/test-package
  it('every function and method has one', () => {
    const all = publicFunctions();
    expect(all.length).toBeGreaterThan(65);
    expect(all.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).toEqual([]);
  });

  it('the page has some', () => expect(pageExamples().length).toBeGreaterThan(5));

  it('what they take for granted is put in front of them', () => {
    const { imports, body } = moduleOf("import { x } from 'y';\nconsole.log(web.id, run);\n");
    expect(imports).toEqual(["import { createEngine, run } from 'tinyrun';\n", "import { x } from 'y';\n"]);
    expect(body).toMatch(/^const engine = createEngine\(\);\nawait using web = /);
    expect(moduleOf('const engine = 1;\n')).toEqual({ imports: [], body: 'const engine = 1;\n' });
  });

  it('what they print is said behind it', () =>
    expect(
      printedBy('console.log(a); // 1\nfor (const b of c) console.log(b); // 2 // 3\nd(); // 4\n'),
    ).toEqual(['1', '2', '3']));
});
