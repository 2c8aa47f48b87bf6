import { TinyrunError } from '../../errors.ts';
import { native, type ZstdDecoder, type ZstdFault } from '../../native/index.ts';
import type { Sink } from './decompress.ts';

const CHUNK = 128 * 1024;
/** What zstd(1) takes without being told to take more, and what `zstd --long` makes: 128 MiB. */
const WINDOW_LOG = 27;

/** By libzstd, on the calling thread. A decoder takes a frame's window at its first bytes, 2 GiB for a layer of 50. */
export async function unzstd(source: AsyncIterable<Buffer>, sink: Sink): Promise<void> {
  const decoder = native().zstdDecoder(WINDOW_LOG);
  const output = Buffer.allocUnsafeSlow(CHUNK);
  try {
    let whole = false;
    for await (const piece of source) whole = decode(decoder, piece, output, sink) ?? whole;
    if (!whole)
      throw new TinyrunError('BAD_LAYER', 'layer cannot be decompressed: it ends inside a zstd frame');
  } finally {
    decoder.close();
  }
}

/** Whether `piece` ended with a frame's end; undefined where there was nothing in it. */
function decode(decoder: ZstdDecoder, piece: Buffer, output: Buffer, sink: Sink): boolean | undefined {
  let ended: boolean | undefined;
  let full = false;
  // a full output may have left some behind, also of input that is used up
  for (let at = 0; at < piece.length || (full && !ended); ) {
    const step = decoder.push(piece.subarray(at), output);
    if ('fault' in step) throw refusal(step);
    at += step.read;
    ended = step.frameEnded;
    full = step.written === output.length;
    if (step.written > 0) sink(output.subarray(0, step.written));
  }
  return ended;
}

function refusal({ fault, windowTooLarge }: ZstdFault): TinyrunError {
  if (windowTooLarge)
    return new TinyrunError(
      'LAYER_LIMIT',
      `layer's zstd frame wants a window of more than ${2 ** (WINDOW_LOG - 20)} MiB`,
    );
  return new TinyrunError('BAD_LAYER', `layer cannot be decompressed: ${fault}`);
}
