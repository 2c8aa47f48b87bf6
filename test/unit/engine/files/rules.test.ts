import { describe, expect, test } from 'vitest';
import {
  destinationOf,
  hostPath,
  readOperand,
  readWritten,
  type Source,
  type Target,
} from '../../../../src/engine/files/rules.ts';

test.each([
  ['/a/b', '/a/b', false, false],
  ['/a/b/', '/a/b', false, true],
  ['/a/b//', '/a/b', false, true],
  ['/a/b/.', '/a/b', true, true],
  ['.', '', true, true],
  ['/', '', false, true],
  ['/.', '', true, true],
  ['a.', 'a.', false, false],
  ['/a/..', '/a/..', false, false],
])('%s', (text, path, contents, directory) => {
  expect(readWritten(text)).toEqual({ path, contents, directory });
});

/** The table of docker cp's reference. */
describe('where it goes', () => {
  const source = (is: Source['is'], end = ''): Source => ({
    ...readWritten(`/from/src${end}`),
    base: 'src',
    is,
  });
  const target = (is: Target['is'], end = ''): Target => ({
    ...readWritten(`/to/dst${end}`),
    base: 'dst',
    is,
  });
  test.each<[string, Source, Target, { inside: boolean; name: string }]>([
    ['a file, to nothing', source('other'), target('missing'), { inside: false, name: 'dst' }],
    ['a file, onto a file', source('other'), target('other'), { inside: false, name: 'dst' }],
    ['a file, into a directory', source('other'), target('directory'), { inside: true, name: 'src' }],
    ['a directory, to nothing', source('directory'), target('missing'), { inside: false, name: 'dst' }],
    ['a directory, to nothing/', source('directory'), target('missing', '/'), { inside: false, name: 'dst' }],
    ['a directory, into one', source('directory'), target('directory'), { inside: true, name: 'src' }],
    ['a directory/, into one', source('directory', '/'), target('directory'), { inside: true, name: 'src' }],
    ['directory/., into one', source('directory', '/.'), target('directory'), { inside: true, name: '' }],
    ['directory/., to nothing', source('directory', '/.'), target('missing'), { inside: false, name: 'dst' }],
    [
      'the root, into a directory',
      { ...source('directory'), base: '' },
      target('directory'),
      { inside: true, name: '' },
    ],
  ])('%s', (_what, from, to, expected) => expect(destinationOf(from, to)).toEqual(expected));

  test.each<[string, Source, Target]>([
    ['no such directory', source('other'), target('missing', '/')],
    ['cannot copy directory', source('directory'), target('other')],
    ['/from/src: not a directory', source('other', '/'), target('directory')],
    ['/from/src: not a directory', source('other', '/.'), target('directory')],
    ['/to/dst: not a directory', source('other'), target('other', '/')],
  ])('%s', (words, from, to) => expect(() => destinationOf(from, to)).toThrow(words));
});

test.each([
  ['web:/a', { container: 'web', path: '/a' }],
  ['web:a:b', { container: 'web', path: 'a:b' }],
  ['/a:b', { path: '/a:b' }],
  ['./a:b', { path: './a:b' }],
  ['a', { path: 'a' }],
  ['-', { path: '-' }],
])('operand %s', (text, expected) => expect(readOperand(text)).toEqual(expected));

test.each([
  ['a', '/here/a'],
  ['a/', '/here/a/'],
  ['a/.', '/here/a/.'],
  ['.', '/here/.'],
  ['../b', '/b'],
  ['/x//y/', '/x/y/'],
])('of the host: %s', (text, expected) => expect(hostPath(text, '/here')).toBe(expected));
