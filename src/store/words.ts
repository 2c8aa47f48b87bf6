import { dict } from './dict.ts';

// Words of flags that Go's programs read alike, docker as well as runc. Undefined for what is none: whoever asks knows
// what it is called.

/** strconv.ParseBool. */
export function booleanOf(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}

const UNITS: Readonly<Record<string, number>> = dict({
  '': 1,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
});

/** A number of decimals as strconv.ParseFloat takes it, then go-units' units. */
const SIZE = /^(\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?) ?([kmgtp]?)(?:i?b)?$/i;

/** Bytes of `512m`, `1.5 GiB`, `64kb`, `1e6`: units of 1024, as go-units' RAMInBytes has them. */
export function bytesOf(text: string): number | undefined {
  const [, number, unit = ''] = SIZE.exec(text) ?? [];
  const bytes = Number(number ?? Number.NaN) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  return bytes <= Number.MAX_SAFE_INTEGER ? Math.floor(bytes) : undefined;
}
