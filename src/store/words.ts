import { dict } from './dict.ts';

// Words of flags that Go's programs read alike, docker as well as runc. Undefined for what is none: whoever asks knows
// what it is called.

/** strconv.ParseBool. */
export function booleanOf(text: string): boolean | undefined {
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(text) ? false : undefined;
}

/** By how many thousands, or 1024s. */
const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** A number of decimals as strconv.ParseFloat takes it, then go-units' units. */
const SIZE = /^(\+?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?) ?([kmgtp]?)(?:i?b)?$/i;

/** Bytes of `512m`, `1.5 GiB`, `64kb`, `1e6`: units of 1024, as go-units' RAMInBytes has them. */
export const bytesOf = (text: string): number | undefined => sizeOf(text, 1024);

/** Bytes of the same texts with units of 1000, as go-units' FromHumanSize has them: Docker reads few flags so. */
export const decimalBytesOf = (text: string): number | undefined => sizeOf(text, 1000);

const DURATIONS: Readonly<Record<string, number>> = dict({
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
});

/** Milliseconds of `5s`, `1m30s`, `-.5ms`, `0`, as time.ParseDuration has them. */
export function durationOf(text: string): number | undefined {
  const [, sign, size = ''] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  if (size === '0') return 0;
  const parts = [...size.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== size) return undefined;
  const sum = parts.reduce((ms, [, number, unit = '']) => ms + Number(number) * (DURATIONS[unit] ?? 0), 0);
  return sign === '-' ? -sum : sum;
}

function sizeOf(text: string, thousand: number): number | undefined {
  const [, number = Number.NaN, unit = ''] = SIZE.exec(text) ?? [];
  const bytes = Number(number) * thousand ** UNITS.indexOf(unit.toLowerCase());
  return bytes <= Number.MAX_SAFE_INTEGER ? Math.floor(bytes) : undefined;
}
