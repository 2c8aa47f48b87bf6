import { describe, expect, test } from 'vitest';
import { drawTree } from '../../../src/cli/output/tree.ts';
import { applyLayer, type Body, type Entry } from '../../../src/image/tree.ts';
import { humanSize } from '../../../src/views/units.ts';

const file = (path: string, size: number, body: Body = { size, names: 0 }): Entry => {
  body.names++;
  return { path, kind: 'file', body };
};
const gone = (path: string): Entry => ({ path, kind: 'whiteout' });

/** What each layer does, as `mark path size hides`. */
function changes(...layers: Entry[][]): string[][] {
  const merged = new Map<string, Body>();
  return layers.map((layer) =>
    applyLayer(merged, layer).map(({ change, path, size, hides }) => `${change} ${path} ${size} ${hides}`),
  );
}

describe('what a layer does to those below', () => {
  test('a removed file counts what it hid, a changed one what it replaced', () => {
    expect(changes([file('a', 100), file('b', 10)], [gone('a'), file('b', 20)])).toEqual([
      ['added a 100 0', 'added b 10 0'],
      ['removed a 0 100', 'changed b 20 10'],
    ]);
  });
  test('a directory takes all below along, an opaque one too, and nothing beside it', () => {
    const base = [file('d/x', 1), file('d/e/y', 2), file('dd', 4)];
    const rebuilt = () => base.map(({ path, body }) => file(path, body?.size ?? 0));
    expect(changes(rebuilt(), [gone('d')])[1]).toEqual(['removed d 0 3']);
    expect(changes(rebuilt(), [{ path: 'd', kind: 'opaque' }, file('d/x', 8)])[1]).toEqual([
      'removed d 0 3',
      'added d/x 8 0',
    ]);
  });
  test('hard links count once, and are lost with the last name', () => {
    const body = { size: 100, names: 0 };
    expect(changes([file('a', 0, body), file('b', 0, body)], [gone('a')], [gone('b')])).toEqual([
      ['added a 100 0', 'added b 0 0'],
      ['removed a 0 0'],
      ['removed b 0 100'],
    ]);
  });
  test('what was hidden is not hidden again', () => {
    expect(changes([file('a', 5)], [gone('a')], [gone('a')])[2]).toEqual([]);
  });
});

describe('as a tree', () => {
  const merged = new Map<string, Body>();
  applyLayer(merged, [file('etc/old', 700)]);
  const layer = applyLayer(merged, [
    file('usr/lib/x/one', 4000),
    file('usr/lib/x/two', 3000),
    file('bin/busy', 2000),
    gone('etc/old'),
    file('tiny', 1),
    file('esc\u001b[31m', 1),
  ]);
  test('by directory, with sums; removed files have what they hide', () => {
    expect(drawTree(layer, 5, humanSize)).toBe(`├─        7kB  usr/lib/x/
│  ├─ +      4kB  one
│  └─ +      3kB  two
├─        2kB  bin/
│  └─ +      2kB  busy
├─       700B  etc/
│  └─ -     700B  old
├─ +       1B  tiny
└─ 1 more
`);
  });
  test('nothing that a terminal obeys', () =>
    expect(drawTree(layer, 9, humanSize)).toContain('esc\\x1b[31m'));
  test('all of it', () => expect(drawTree(layer, 4, humanSize).split('\n').at(-2)).toBe('└─ 2 more'));
});
