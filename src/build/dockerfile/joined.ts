import { type Range, rangeAt, type Source } from './source.ts';

/** A piece of a text that was put together: from `at` on it is what stands in the source from `from` on. */
interface Piece {
  readonly at: number;
  readonly from: number;
}

/** Text of several lines of the source in one, which knows where each of its characters came from. */
export interface Joined {
  readonly text: string;
  readonly pieces: readonly Piece[];
}

export function sourceOffset({ pieces }: Joined, offset: number): number {
  let low = 0;
  let high = pieces.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((pieces[middle]?.at ?? 0) <= offset) low = middle;
    else high = middle;
  }
  const piece = pieces[low] ?? { at: 0, from: 0 };
  return piece.from + offset - piece.at;
}

/** Where a part of it stands in the source; nothing at all is a place between two characters. */
export function joinedRange(source: Source, joined: Joined, start: number, end: number): Range {
  const first = sourceOffset(joined, start);
  return rangeAt(source, first, end > start ? sourceOffset(joined, end - 1) + 1 : first);
}
