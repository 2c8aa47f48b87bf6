import { expect, test } from 'vitest';
import { historyRow, historySteps } from '../../../src/views/history.ts';
import { efficiency, layerLine } from '../../../src/views/image-tree.ts';

test('history is told newest first; steps without a layer have no bytes, layers without a step one of their own', () => {
  const history = [{ created_by: 'ADD' }, { created_by: 'CMD', empty_layer: true }, { created_by: 'RUN' }];
  const told = historySteps(history, [10, 20, 30]);
  expect(told.map(({ entry, size }) => [entry.created_by, size])).toEqual([
    [undefined, 30],
    ['RUN', 20],
    ['CMD', 0],
    ['ADD', 10],
  ]);
  expect(historySteps(undefined, [])).toEqual([]);
});

test('a row has docker’s members, for people or whole', () => {
  const step = {
    entry: { created: '2020-01-02T03:04:05.6Z', created_by: `a\t${'b'.repeat(60)}` },
    size: 1500,
  };
  const id = `sha256:${'0123456789ab'.repeat(6)}`;
  expect(historyRow(step, id, { truncate: true, human: true })).toMatchObject({
    Comment: '',
    CreatedAt: '2020-01-02T03:04:05Z',
    CreatedBy: `a ${'b'.repeat(42)}…`,
    ID: '0123456789ab',
    Size: '1.5kB',
  });
  expect(historyRow(step, '<missing>', { truncate: false, human: false })).toMatchObject({
    CreatedBy: `a ${'b'.repeat(60)}`,
    ID: '<missing>',
    Size: '1500',
  });
  expect(historyRow({ entry: {}, size: 0 }, '', { truncate: true, human: true })).toMatchObject({
    CreatedAt: 'N/A',
    CreatedSince: 'N/A',
  });
});

test('layers of a tree in words', () => {
  const layer = { diffId: `sha256:${'ab'.repeat(32)}`, size: 3000, wasted: 0, createdBy: '', changes: [] };
  expect(layerLine(layer, 0)).toBe('layer 1  abababababab  3kB, 0 files');
  const upper = { ...layer, size: 1000, wasted: 1000 };
  expect(layerLine(upper, 1)).toBe('layer 2  abababababab  1kB, 0 files, hides 1kB of the layers below');
  expect(efficiency([layer, upper])).toBe('2 layers, 4kB, of which 1kB wasted: 75.0 % efficient');
  expect(efficiency([])).toBe('0 layers, 0B, of which 0B wasted: 100 % efficient');
});
