import { createGunzip, type Gunzip } from 'node:zlib';
import { TinyrunError } from '../../errors.ts';
import type { Sink } from './decompress.ts';

/** Three layers have several each, and as much again in the addon: with twice as much a pull takes 5 MB more, and no less time. */
const CHUNK = 256 * 1024;

/** By node's zlib in its thread pool: the next chunk is unpacked while the sink has this one. */
export async function gunzip(source: AsyncIterable<Buffer>, sink: Sink): Promise<void> {
  const stream = createGunzip({ chunkSize: CHUNK });
  const feeding = feed(source, stream);
  // Its failure reaches the loop below through the destroyed stream; here it only must not be unhandled.
  feeding.catch((error) => stream.destroy(error));
  try {
    for await (const chunk of stream) sink(chunk as Buffer);
  } catch (cause) {
    throw asRefusal(cause);
  }
  await feeding;
}

/** Asks for a piece when zlib is done with the one before: whose buffer it is may use it again. */
async function feed(source: AsyncIterable<Buffer>, stream: Gunzip): Promise<void> {
  let fed = 0;
  for await (const piece of source) {
    // zlib has not taken what is behind the last member
    const ended = fed > stream.bytesWritten;
    fed += piece.length;
    if (!ended) await written(stream, piece);
    onlyZeros(piece, fed - stream.bytesWritten);
  }
  stream.end();
}

function written(stream: Gunzip, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) =>
    stream.write(piece, (error) => (error ? reject(error) : resolve())),
  );
}

/** Padding to a block, as tapes and gzip(1) know it. Anything else behind the last member is not of this layer. */
function onlyZeros(piece: Buffer, left: number): void {
  if (left > 0 && piece.subarray(-left).some((byte) => byte !== 0))
    throw new TinyrunError('BAD_LAYER', 'layer cannot be decompressed: data behind its last gzip member');
}

function asRefusal(cause: unknown): unknown {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (!code?.startsWith('Z_')) return cause;
  return new TinyrunError('BAD_LAYER', `layer cannot be decompressed: ${message}`, { cause });
}
