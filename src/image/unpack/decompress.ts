import { TinyrunError } from '../../errors.ts';
import { gunzip } from './gunzip.ts';
import { unzstd } from './zstd.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

/** Takes unpacked bytes: a view, valid during the call only. */
export type Sink = (bytes: Buffer) => void;

const MAGIC: readonly [Compression | 'xz' | 'bzip2', number[]][] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/**
 * How data is packed, by its first bytes: media types lie, and docker's archives have none.
 * @throws TinyrunError BAD_LAYER for xz and bzip2, which no image specification allows
 */
export function detect(first: Buffer): Compression {
  const found = MAGIC.find(([, magic]) => magic.every((byte, i) => first[i] === byte))?.[0] ?? 'none';
  if (found === 'xz' || found === 'bzip2')
    throw new TinyrunError(
      'BAD_LAYER',
      `layer is packed with ${found}; gzip, zstd and plain tar can be read`,
    );
  return found === 'none' && isSkippable(first) ? 'zstd' : found;
}

/** A frame that zstd's readers skip: 0x184D2A50 to 0x184D2A5F (RFC 8878, 3.1.2). */
const isSkippable = (first: Buffer): boolean =>
  first.length >= 4 && first.readUInt32LE(0) >>> 4 === 0x184d2a5;

/**
 * Unpacks a source that tells by its first bytes how it is packed. A piece of the source is done with when the next is
 * asked for.
 * @throws TinyrunError BAD_LAYER, LAYER_LIMIT
 */
export async function decompress(source: AsyncIterable<Buffer>, sink: Sink): Promise<void> {
  const input = source[Symbol.asyncIterator]();
  const first = await firstBytes(input);
  const whole = rejoin(first, input);
  const compression = detect(first);
  if (compression === 'none') for await (const chunk of whole) sink(chunk);
  else if (compression === 'gzip') await gunzip(whole, sink);
  else await unzstd(whole, sink);
}

/** Enough to recognise the magic, however small the pieces are. */
async function firstBytes(input: AsyncIterator<Buffer>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 6) {
    const next = await input.next();
    if (next.done) break;
    // a copy: asking for the next piece gives this one back
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

async function* rejoin(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
