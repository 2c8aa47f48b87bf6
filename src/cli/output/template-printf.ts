import { toJson } from '../../store/text.ts';
import { isObject, print } from './template-values.ts';

/** No wider than Go's fmt goes: what a template asks for is memory. */
export const MAX_WIDTH = 1e6;
/** JavaScript's; a number has fewer. */
const MAX_DIGITS = 100;

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(?:\[(\d+)\])?([a-zA-Z%]|$)/g;

/** fmt.Sprintf: strings, numbers, and everything else by %v. */
export function formatPrintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  let reordered = false;
  const size = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : Number(text === '*' ? values[next++] : text);
  const out = format.replace(VERB, (all, flags: string, width, precision, at, verb: string) => {
    if (verb === '%') return '%';
    const [wide, digits] = [size(width), size(precision) ?? (all.includes('.') ? 0 : undefined)];
    // as Go's fmt says it, which reads no verb behind a number it can't take
    if (verb === '' || (wide ?? 0) > MAX_WIDTH || (digits ?? 0) > MAX_WIDTH) return '%!(NOVERB)';
    if (at !== undefined) {
      next = Number(at) - 1;
      reordered = true;
    }
    if (next < 0 || next >= values.length)
      return at === undefined ? `%!${verb}(MISSING)` : `%!${verb}(BADINDEX)`;
    return padded(formatVerb(verb, values[next++], flags, digits), wide ?? 0, flags, verb);
  });
  const extra = reordered ? [] : values.slice(next).map((value) => `${typeName(value)}=${print(value)}`);
  return extra.length > 0 ? `${out}%!(EXTRA ${extra.join(', ')})` : out;
}

function padded(text: string, width: number, flags: string, verb: string): string {
  if (flags.includes('-')) return text.padEnd(width);
  if (!flags.includes('0') || 'svq'.includes(verb)) return text.padStart(width);
  const [, sign = '', rest = text] = /^([-+]?)(.*)$/s.exec(text) ?? [];
  return sign + rest.padStart(width - sign.length, '0');
}

/** Numbers have one type here: an int where they are whole. */
function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  if (Array.isArray(value)) return '[]string';
  return isObject(value) ? 'map[string]interface {}' : 'string';
}

const character = (code: number): string =>
  Number.isInteger(code) && code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';

/** strconv.Quote. */
const quoted = (text: string): string =>
  toJson(text)
    .replace(/\\u00([01][0-9a-f]|7f)/g, '\\x$1')
    .replace(/\\x07/g, '\\a')
    .replace(/\\x0b/g, '\\v');

function formatVerb(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  const wrong = () => `%!${verb}(${typeName(value)}=${print(value)})`;
  if (verb === 'v') return flags.includes('#') && typeof value === 'string' ? quoted(value) : print(value);
  if (verb === 'T') return typeName(value);
  if (typeof value === 'number') return numeric(verb, value, flags, precision) ?? wrong();
  if (typeof value === 'boolean') return verb === 't' ? String(value) : wrong();
  if (verb === 's') return print(value).slice(0, precision);
  if (verb === 'q') return quoted(print(value));
  if (verb !== 'x' && verb !== 'X') return wrong();
  const hex = Buffer.from(print(value)).toString('hex');
  const spaced = flags.includes(' ') ? (hex.match(/../g) ?? []).join(' ') : hex;
  return verb === 'X' ? spaced.toUpperCase() : spaced;
}

const BASES: ReadonlyMap<string, readonly [base: number, prefix: string]> = new Map([
  ['d', [10, '']],
  ['x', [16, '0x']],
  ['X', [16, '0X']],
  ['o', [8, '0']],
  ['b', [2, '0b']],
]);

function numeric(
  verb: string,
  value: number,
  flags: string,
  precision: number | undefined,
): string | undefined {
  const sign = value < 0 ? '-' : flags.includes('+') ? '+' : '';
  const digits = Math.min(precision ?? 6, MAX_DIGITS);
  const [base, prefix] = BASES.get(verb) ?? [];
  if (base !== undefined && Number.isInteger(value)) {
    const text = Math.abs(value).toString(base);
    return `${sign}${flags.includes('#') ? prefix : ''}${verb === 'X' ? text.toUpperCase() : text}`;
  }
  if (verb === 'f') return sign + Math.abs(value).toFixed(digits);
  if (verb === 'e') return sign + exponent(Math.abs(value).toExponential(digits));
  if (verb === 'g') return sign + print(Math.abs(value));
  if (verb === 'c') return character(value);
  if (verb === 'q') return `'${character(value)}'`;
  if (verb === 'U') return `U+${value.toString(16).toUpperCase().padStart(4, '0')}`;
  return undefined;
}

/** Go writes two digits of it at least. */
const exponent = (text: string): string => text.replace(/e([-+])(\d)$/, 'e$10$2');
