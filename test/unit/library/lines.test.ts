import { PassThrough, Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { linesOf } from '../../../src/library/lines.ts';

async function all(chunks: readonly (string | Buffer)[], longest?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), longest))
    lines.push(line);
  return lines;
}

it.each<[string, readonly (string | Buffer)[], readonly string[]]>([
  ['nothing', [], []],
  ['one line and its end', ['a\n'], ['a']],
  ['no end', ['a'], ['a']],
  ['lines across chunks', ['a', 'b\nc', '\n'], ['ab', 'c']],
  ['empty lines', ['\n\na\n'], ['', '', 'a']],
  ['the ends of a terminal', ['a\r\nb\r', '\n'], ['a', 'b']],
  ['a return of its own', ['a\rb\n'], ['a\rb']],
  ['a character across chunks', [Buffer.from([0xc3]), Buffer.from([0xa4, 0x0a])], ['ä']],
  ['a character that never ends', [Buffer.from([0x61, 0xc3])], ['a\ufffd']],
])('%s', async (_, chunks, lines) => expect(await all(chunks)).toEqual(lines));

it('a line without an end comes in pieces', async () => {
  expect(await all(['abc', 'defgh\ni'], 3)).toEqual(['abc', 'def', 'gh', 'i']);
});

it('who stops early closes the stream', async () => {
  const stream = new PassThrough();
  stream.write('a\nb\n');
  for await (const _ of linesOf(stream)) break;
  expect(stream.destroyed).toBe(true);
});
