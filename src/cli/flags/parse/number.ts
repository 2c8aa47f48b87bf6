import { TinyrunError } from '../../../errors.ts';
import { bytesOf } from '../../../store/words.ts';

/** `512m`, `1.5 GiB`: bytes. */
export function parseSize(text: string, flag: string): number {
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: not a size`, {
    hint: 'give a number with b, k, m or g: 64m, 1.5g',
  });
}

/** Go's integers: base 10, or what 0x, 0o (or 0) and 0b say. */
const INTEGERS: readonly (readonly [RegExp, number])[] = [
  [/^(?:0|[1-9]\d*)$/, 10],
  [/^0x([0-9a-f]+)$/i, 16],
  [/^0o?([0-7]+)$/i, 8],
  [/^0b([01]+)$/i, 2],
];

/** The number that a flag of Go's reads from a text; NaN for none, which the engine refuses with what is out of bounds. */
export function parseInteger(text: string): number {
  const [, sign = '', digits = ''] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  for (const [pattern, base] of INTEGERS) {
    const found = pattern.exec(digits);
    if (found) return Number.parseInt(found[1] ?? digits, base) * (sign === '-' ? -1 : 1);
  }
  return Number.NaN;
}

/** Go's rationals: 1.5, .5, 1e0, 3/2; NaN for none. */
export function parseRational(text: string): number {
  const [, over, under] = /^([+-]?\d+)\/(\d+)$/.exec(text) ?? [];
  if (over !== undefined) return Number(over) / Number(under);
  // Docker counts billionths
  const [, number = '?'] = /^([+-]?(?:\d+\.?\d{0,9}0*|\.\d{1,9}0*)(?:e[+-]?\d+)?)$/i.exec(text) ?? [];
  return Number(number);
}
