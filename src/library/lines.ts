import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A line beyond this comes in pieces: what a program writes is not ours to bound otherwise. */
const LONGEST = 1 << 20;

/**
 * The lines of a stream of UTF-8, without their ends. Who stops early closes the stream.
 * @example
 * const c = engine.spawn({ image: 'busybox', args: ['sh', '-c', 'echo out; echo err >&2'], autoRemove: true });
 * for await (const line of linesOf(c.stderr)) console.log(line); // err
 * await c;
 */
export async function* linesOf(stream: Readable, longest = LONGEST): AsyncGenerator<string, void, undefined> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    for (const [index, part] of decoder
      .write(chunk as Buffer)
      .split('\n')
      .entries()) {
      if (index > 0) yield withoutReturn(rest);
      rest = index > 0 ? part : rest + part;
      for (; rest.length > longest; rest = rest.slice(longest)) yield rest.slice(0, longest);
    }
  }
  rest += decoder.end();
  if (rest !== '') yield withoutReturn(rest);
}

const withoutReturn = (line: string): string => (line.endsWith('\r') ? line.slice(0, -1) : line);
