import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const page = readFileSync('docs/conformance.md', 'utf8');
const rows = [...page.matchAll(/^\| (.+?) \| (.+?) \|$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']);
const files = new Map(
  rows.filter(([, file]) => file?.endsWith('.test.ts')).map(([short, file]) => [short, file]),
);
const sources = new Map(
  [...files].map(([short, file]) => [
    short,
    existsSync(String(file)) ? readFileSync(String(file), 'utf8') : '',
  ]),
);

/** `runtime › a title · linux › another` → pairs. */
const references = (cell: string) =>
  cell.split(' · ').map((reference) => {
    const [short = '', title = ''] = reference.split(' › ');
    return { short, title };
  });

const musts = rows.filter(
  ([must, cell]) =>
    must !== 'MUST' && must !== 'short' && !must?.startsWith('---') && !cell?.endsWith('.test.ts'),
);

describe('docs/conformance.md', () => {
  it('names files that are there', () => {
    for (const [, file] of files) expect(existsSync(String(file)), file).toBe(true);
  });

  it.each(musts)('%s', (_must, cell) => {
    for (const { short, title } of references(String(cell)))
      expect(sources.get(short), `${short} › ${title}`).toContain(title);
  });
});
