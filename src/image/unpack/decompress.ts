import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { TinyrunError } from '../../errors.ts';
import { withinWindow } from './zstd-window.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const CHUNK = 128 * 1024;
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
  return found;
}

/** The unpacked bytes of a source that detects its own compression. gzip runs in the thread pool, beside the caller. */
export async function* decompress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = source[Symbol.asyncIterator]();
  const first = await firstBytes(input);
  const whole = rejoin(first, input);
  const compression = detect(first);
  if (compression === 'none') yield* whole;
  else if (compression === 'gzip') yield* through(whole, zlib.createGunzip({ chunkSize: CHUNK }));
  else yield* unzstd(withinWindow(whole));
}

/** Enough to recognise the magic, however small the pieces are. */
async function firstBytes(input: AsyncIterator<Buffer>): Promise<Buffer> {
  let first: Buffer = Buffer.alloc(0);
  while (first.length < 6) {
    const next = await input.next();
    if (next.done) break;
    first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  return first;
}

async function* rejoin(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function* through(
  source: AsyncIterable<Buffer>,
  unpacker: NodeJS.ReadWriteStream,
): AsyncGenerator<Buffer> {
  const feeding = pipeline(source, unpacker);
  // Its failure reaches the loop below through the destroyed stream; here it only must not be unhandled.
  feeding.catch(() => undefined);
  try {
    for await (const chunk of unpacker) yield chunk as Buffer;
  } catch (cause) {
    throw unpackFailure(cause);
  }
  await feeding;
}

function unpackFailure(cause: unknown): unknown {
  const code = (cause as NodeJS.ErrnoException).code;
  if (!/^(?:Z_|ERR_ZSTD|ZSTD_)/.test(code ?? '')) return cause;
  return new TinyrunError('BAD_LAYER', `layer cannot be decompressed: ${(cause as Error).message}`, {
    cause,
  });
}

type ZstdFactory = (options: { chunkSize: number }) => NodeJS.ReadWriteStream;

/** node:zlib has zstd from 22.15 on; before that a JavaScript decoder does. */
async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const create = (zlib as { createZstdDecompress?: ZstdFactory }).createZstdDecompress;
  if (create) yield* through(source, create({ chunkSize: CHUNK }));
  else yield* unzstdInJs(source);
}

async function* unzstdInJs(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const { Decompress } = await import('fzstd');
  let ready: Uint8Array[] = [];
  const stream = new Decompress((chunk) => ready.push(chunk));
  const push = (bytes: Uint8Array, final: boolean) => {
    try {
      stream.push(bytes, final);
    } catch (cause) {
      throw new TinyrunError('BAD_LAYER', `layer cannot be decompressed: ${(cause as Error).message}`, {
        cause,
      });
    }
  };
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; at += CHUNK / 8) {
      push(chunk.subarray(at, at + CHUNK / 8), false);
      for (const out of ready) yield Buffer.from(out.buffer, out.byteOffset, out.length);
      ready = [];
    }
  }
  push(new Uint8Array(0), true);
  for (const out of ready) yield Buffer.from(out.buffer, out.byteOffset, out.length);
}
