import { TinyrunError } from '../../errors.ts';

/** What zstd(1) takes without being told to take more, and what `zstd --long` makes. */
const MAX_WINDOW = 128 * 2 ** 20;

/**
 * Passes zstd data on, as far as its frames keep to a window of 128 MiB (RFC 8878, 3.1.1.1): a decoder takes that
 * memory at a frame's first bytes, up to 2 GiB for a layer of 50 bytes.
 */
export async function* withinWindow(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const frames = new Frames();
  for await (const chunk of source) {
    frames.push(chunk);
    yield chunk;
  }
}

/** Follows frames and blocks by their headers; what is in them is skipped. */
class Frames {
  /** The header being read. */
  #header: number[] = [];
  #skip = 0;
  #inFrame = false;
  #checksum = 0;

  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const skipped = Math.min(this.#skip, chunk.length - at);
      this.#skip -= skipped;
      at += skipped;
      if (at === chunk.length) return;
      this.#header.push(chunk[at++] ?? 0);
      const header = Buffer.from(this.#header);
      if (this.#inFrame ? this.#block(header) : this.#frame(header)) this.#header = [];
    }
  }

  /** True where the header is whole. */
  #block(header: Buffer): boolean {
    if (header.length < 3) return false;
    const value = header.readUIntLE(0, 3);
    const runLength = ((value >> 1) & 3) === 1;
    const last = (value & 1) === 1;
    this.#inFrame = !last;
    this.#skip = (runLength ? 1 : value >> 3) + (last ? this.#checksum : 0);
    return true;
  }

  #frame(header: Buffer): boolean {
    if (header.length < 5) return false;
    const magic = header.readUInt32LE(0);
    if (magic >>> 4 === 0x184d2a5) return this.#skippable(header);
    if (magic !== 0xfd2fb528)
      throw new TinyrunError('BAD_LAYER', 'layer cannot be decompressed: no zstd frame');
    const flags = header[4] ?? 0;
    const single = (flags & 0x20) !== 0;
    const sizeBytes = flags >> 6 === 0 ? Number(single) : 1 << (flags >> 6);
    const sizeAt = 5 + (single ? 0 : 1) + ([0, 1, 2, 4][flags & 3] ?? 0);
    if (header.length < sizeAt + sizeBytes) return false;
    const window = single ? contentSize(header.subarray(sizeAt)) : windowOf(header[5] ?? 0);
    if (window > MAX_WINDOW)
      throw new TinyrunError(
        'LAYER_LIMIT',
        `layer's zstd frame wants a window of ${window} bytes, at most ${MAX_WINDOW} are given`,
      );
    this.#inFrame = true;
    this.#checksum = (flags & 4) === 0 ? 0 : 4;
    return true;
  }

  #skippable(header: Buffer): boolean {
    if (header.length < 8) return false;
    this.#skip = header.readUInt32LE(4);
    return true;
  }
}

/** Mantissa and exponent. */
const windowOf = (descriptor: number): number => 2 ** (10 + (descriptor >> 3)) * (1 + (descriptor & 7) / 8);

function contentSize(field: Buffer): number {
  if (field.length === 8) return Number(field.readBigUInt64LE(0));
  return field.readUIntLE(0, field.length) + (field.length === 2 ? 256 : 0);
}
