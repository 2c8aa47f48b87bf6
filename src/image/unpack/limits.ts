import { TinyrunError } from '../../errors.ts';

/** Bounds on one layer, far above honest ones: what a hostile layer may cost before it is refused. */
export interface Limits {
  /** Bytes of file data written. */
  readonly bytes: number;
  /** Files, directories and links, parents that the archive implies included. */
  readonly entries: number;
  /** Components of a path. */
  readonly depth: number;
  /** Unpacked bytes per packed byte, once more than `ratioFloor` bytes are unpacked: gzip alone reaches 1032. */
  readonly ratio: number;
  readonly ratioFloor: number;
}

export const LIMITS: Limits = {
  bytes: 128 * 2 ** 30,
  entries: 5_000_000,
  depth: 256,
  ratio: 200,
  ratioFloor: 4 * 2 ** 30,
};

export function checkRatio(packed: number, unpacked: number, limits: Limits): void {
  if (unpacked <= limits.ratioFloor || unpacked <= packed * limits.ratio) return;
  throw new TinyrunError(
    'LAYER_LIMIT',
    `layer unpacks to more than ${limits.ratio} times its size (${unpacked} bytes out of ${packed})`,
  );
}
