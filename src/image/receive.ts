import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { Hasher } from './digest.ts';
import { type Descriptor, MEDIA } from './types.ts';
import { decompress, detect } from './unpack/decompress.ts';

/** Writes a layer's archive, plain or packed, into a new file. @throws TinyrunError BAD_LAYER where there is nothing */
export async function receive(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  path: string,
): Promise<Descriptor> {
  const fd = openSync(path, 'wx', 0o600);
  try {
    const hasher = new Hasher();
    let first = Buffer.alloc(0);
    let size = 0;
    for await (const chunk of source) {
      if (first.length < 6) first = Buffer.concat([first, chunk]).subarray(0, 6);
      hasher.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
      size += chunk.length;
    }
    if (size === 0) throw new TinyrunError('BAD_LAYER', 'the archive is empty');
    const mediaType = { gzip: MEDIA.layerGzip, zstd: MEDIA.layerZstd, none: MEDIA.layer }[detect(first)];
    return { mediaType, digest: hasher.digest(), size };
  } finally {
    closeSync(fd);
  }
}

/** What the archive is unpacked. */
export async function diffIdOf(path: string): Promise<string> {
  const hasher = new Hasher();
  await decompress(createReadStream(path), (chunk) => hasher.update(chunk));
  return hasher.digest();
}
