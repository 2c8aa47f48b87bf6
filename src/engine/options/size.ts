import { TinyrunError } from '../../errors.ts';
import { dict } from '../../store/dict.ts';

const UNITS: Readonly<Record<string, number>> = dict({
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
});

/** `512m`, `1.5 GiB`, `64kb`: bytes, units of 1024 as Docker reads them. */
export function parseSize(text: string, flag: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  const bytes = match ? Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? Number.NaN) : Number.NaN;
  if (Number.isFinite(bytes) && bytes <= Number.MAX_SAFE_INTEGER) return Math.floor(bytes);
  throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: not a size`, {
    hint: 'give a number with b, k, m or g: 64m, 1.5g',
  });
}

/** A whole number between bounds. */
export function parseInteger(
  text: string,
  flag: string,
  bounds: { min: number; max: number } = { min: 0, max: Number.MAX_SAFE_INTEGER },
): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= bounds.min && value <= bounds.max) return value;
  const range =
    bounds.max === Number.MAX_SAFE_INTEGER ? `${bounds.min} or more` : `${bounds.min} to ${bounds.max}`;
  throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: not a number from ${range}`);
}
