import { dict } from '../../store/dict.ts';
import { toJson } from '../../store/text.ts';
import { fail, isObject, marshal, print, truth } from './template-values.ts';

type TemplateFunction = (...values: unknown[]) => unknown;

const text = (value: unknown): string =>
  typeof value === 'string' ? value : fail(`${print(value)} is no string`);

const list = (value: unknown): unknown[] => {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : fail(`${print(value)} is no list`);
};

function length(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  return isObject(value) ? Object.keys(value).length : fail(`len of ${print(value)}`);
}

const outOfRange = (key: unknown): never => fail(`index out of range: ${print(key)}`);

/** The number of an element, not the name of something else that JavaScript's lists have. */
const at = (key: unknown): number => (typeof key === 'number' ? key : fail(`${print(key)} is no number`));

function index(value: unknown, ...keys: unknown[]): unknown {
  return keys.reduce((current: unknown, key) => {
    if (Array.isArray(current)) return Object.hasOwn(current, at(key)) ? current[at(key)] : outOfRange(key);
    if (typeof current === 'string') return Buffer.from(current)[at(key)] ?? outOfRange(key);
    if (isObject(current))
      return Object.hasOwn(current, print(key)) ? Reflect.get(current, print(key)) : undefined;
    return fail(`can't index ${print(current)}`);
  }, value);
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  const end = to === undefined ? undefined : Number(to);
  if (typeof value === 'string') return value.slice(Number(from), end);
  return list(value).slice(Number(from), end);
}

function compare(a: unknown, b: unknown): number {
  const same = typeof a === typeof b && (typeof a === 'string' || typeof a === 'number');
  if (!same) return fail(`incompatible types for comparison: ${print(a)} and ${print(b)}`);
  if (a === b) return 0;
  return (a as string) < (b as string) ? -1 : 1;
}

/** No wider than Go's fmt goes: what a template asks for is memory. */
const MAX_WIDTH = 1e6;

function width(value: unknown): number {
  const size = Number(value);
  return size >= 0 && size <= MAX_WIDTH ? size : fail(`${print(value)} is no width`);
}

/** First letter of each word, as strings.Title. */
const title: TemplateFunction = (value) =>
  text(value).replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase());

const pad: TemplateFunction = (value, before, after) => {
  const inner = text(value);
  return inner === '' ? '' : ' '.repeat(width(before)) + inner + ' '.repeat(width(after));
};

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = dict({
  json: marshal,
  join: (values, separator) => list(values).map(print).join(text(separator)),
  split: (value, separator) => text(value).split(text(separator)),
  upper: (value) => text(value).toUpperCase(),
  lower: (value) => text(value).toLowerCase(),
  title,
  pad,
  truncate: (value, limit) => text(value).slice(0, Number(limit)),
  len: length,
  index,
  slice,
  not: (value) => !truth(value),
  eq: (value, ...others) => others.some((other) => value === other),
  ne: (a, b) => a !== b,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  print: (...values) => values.map(print).join(''),
  println: (...values) => `${values.map(print).join(' ')}\n`,
  printf: (format, ...values) => formatPrintf(text(format), values),
  urlquery: (...values) => encodeURIComponent(values.map(print).join('')),
});

const VERB = /%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** fmt.Sprintf's verbs for strings, numbers and everything else by %v. */
function formatPrintf(format: string, values: readonly unknown[]): string {
  let next = 0;
  const out = format.replace(
    VERB,
    (_, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
      if (verb === '%') return '%';
      // as Go's fmt says it, which reads no verb behind a number it can't take
      if (Number(width ?? 0) > MAX_WIDTH || Number(precision ?? 0) > MAX_WIDTH) return '%!(NOVERB)';
      if (next >= values.length) return `%!${verb}(MISSING)`;
      const shown = formatVerb(
        verb,
        values[next++],
        flags,
        precision === undefined ? undefined : Number(precision),
      );
      const size = Number(width ?? 0);
      if (flags.includes('-')) return shown.padEnd(size);
      return shown.padStart(size, flags.includes('0') && verb !== 's' ? '0' : ' ');
    },
  );
  const extra = values.slice(next).map((value) => `${typeof value}=${print(value)}`);
  return extra.length > 0 ? `${out}%!(EXTRA ${extra.join(', ')})` : out;
}

const character = (code: number): string =>
  Number.isInteger(code) && code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';

/** JavaScript's; a number has fewer. */
const MAX_DIGITS = 100;

function formatVerb(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  const number = typeof value === 'number' ? value : undefined;
  const digits = Math.min(precision ?? 6, MAX_DIGITS);
  const sign = flags.includes('+') && number !== undefined && number >= 0 ? '+' : '';
  if (verb === 'd' && number !== undefined) return sign + Math.trunc(number);
  if ((verb === 'f' || verb === 'e') && number !== undefined)
    return sign + (verb === 'f' ? number.toFixed(digits) : number.toExponential(digits));
  if (verb === 'x' || verb === 'X') {
    const hex = number !== undefined ? number.toString(16) : Buffer.from(print(value)).toString('hex');
    return verb === 'X' ? hex.toUpperCase() : hex;
  }
  if (verb === 'q') return toJson(print(value));
  if (verb === 'T') return number !== undefined ? 'int' : typeof value === 'boolean' ? 'bool' : typeof value;
  if (verb === 'c' && number !== undefined) return character(number);
  if ('svtg'.includes(verb)) return precision === undefined ? print(value) : print(value).slice(0, precision);
  return `%!${verb}(${print(value)})`;
}
