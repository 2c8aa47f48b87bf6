import { expect, test } from 'vitest';
import { columns, escapeJson, toJson, visible } from '../../../src/store/text.ts';

test.each([
  ['\x1b]52;c;cm0gLXJm\x07', '\\x1b]52;c;cm0gLXJm\\x07'],
  ['\u009b31m', '\\x9b31m'],
  ['a\rb', 'a\\x0db'],
  ['\b\x7f\0', '\\x08\\x7f\\x00'],
  ['abc\u202ecba', 'abc\\u202ecba'],
])('%j is spelt out', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('text of any language, tabs and line ends stay', () => {
  const text = 'käse\tπ 漢字 😀\r\nnext\n';
  expect(visible(text)).toBe(text);
});

test('JSON says the same, without a byte that a terminal obeys', () => {
  const value = { 'k\u009b': 'v\u007f\u009d\x1b[31m\u202e', plain: 'käse 😀' };
  const json = toJson(value, 2);
  expect(json).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
  expect(JSON.parse(json)).toEqual(value);
  expect(escapeJson('"\u0085"')).toBe('"\\u0085"');
});

test.each([
  [12, [['ID', 'PID', 'OWNER']], ['ID          PID         OWNER']],
  [12, [['a-long-identifier', '1', 'root']], ['a-long-identifier   1           root']],
  [
    10,
    [
      ['ID', 'NAME'],
      ['0123456789', ''],
    ],
    ['ID           NAME', '0123456789'],
  ],
])('columns of at least %i', (least, rows, lines) => {
  expect(columns(rows, least)).toEqual(lines);
});
