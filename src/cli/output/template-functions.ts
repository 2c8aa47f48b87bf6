import { dict } from '../../store/dict.ts';
import { formatPrintf, MAX_WIDTH } from './template-printf.ts';
import { fail, isObject, marshal, print, truth } from './template-values.ts';

export type TemplateFunction = (...values: unknown[]) => unknown;

const text = (value: unknown): string =>
  typeof value === 'string' ? value : fail(`${print(value)} is no string`);

/** What Go checks before it calls: how many arguments there are. */
function takes(count: number, call: TemplateFunction): TemplateFunction {
  return (...values) =>
    values.length === count
      ? call(...values)
      : fail(`wrong number of args: want ${count} got ${values.length}`);
}

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
    if (isObject(current)) return member(current, print(key));
    return fail(`can't index ${print(current)}`);
  }, value);
}

/** A map of strings answers the empty one for what it has not. */
function member(value: object, key: string): unknown {
  if (Object.hasOwn(value, key)) return Reflect.get(value, key);
  return Object.values(value).every((each) => typeof each === 'string') ? '' : undefined;
}

function slice(value: unknown, from: unknown = 0, to?: unknown): unknown {
  const whole = typeof value === 'string' ? Buffer.from(value) : list(value);
  const [start, end] = [at(from), to === undefined ? whole.length : at(to)];
  if (start < 0 || start > end || end > whole.length) return outOfRange(end > whole.length ? end : start);
  return typeof value === 'string'
    ? Buffer.from(value).toString('utf8', start, end)
    : list(value).slice(start, end);
}

function compare(a: unknown, b: unknown): number {
  const same = typeof a === typeof b && (typeof a === 'string' || typeof a === 'number');
  if (!same) return fail(`incompatible types for comparison: ${print(a)} and ${print(b)}`);
  if (a === b) return 0;
  return (a as string) < (b as string) ? -1 : 1;
}

function width(value: unknown): number {
  const size = Number(value);
  return size >= 0 && size <= MAX_WIDTH ? size : fail(`${print(value)} is no width`);
}

/** First letter of each word, as strings.Title. */
const title: TemplateFunction = (value) =>
  text(value).replace(
    /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
    (_, before: string, letter: string) => before + letter.toUpperCase(),
  );

const HTML: ReadonlyMap<string, string> = new Map([
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&#34;'],
  ["'", '&#39;'],
  ['&', '&amp;'],
  ['\0', '\ufffd'],
]);
const html = (plain: string): string => plain.replace(/[<>"'&\0]/g, (sign) => HTML.get(sign) ?? sign);

/** What ends a string of JavaScript's, or the script, is spelt out. */
const script = (plain: string): string =>
  plain.replace(/[\\'"]/g, '\\$&').replace(/[<>&=\p{Cc}]/gu, (sign) => {
    return `\\u${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  });

/** url.QueryEscape. */
const query = (plain: string): string =>
  encodeURIComponent(plain)
    .replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

/** fmt.Sprint: a space between two of which none is a string. */
const sprint = (values: readonly unknown[]): string =>
  values
    .map((value, i) => {
      const apart = i > 0 && typeof value !== 'string' && typeof values[i - 1] !== 'string';
      return `${apart ? ' ' : ''}${print(value)}`;
    })
    .join('');

function equal(value: unknown, ...others: readonly unknown[]): boolean {
  if (others.length === 0) return fail('eq: missing argument for comparison');
  const same = (other: unknown) => typeof other === typeof value || other === null || value === null;
  if (!others.every(same)) return fail('eq: incompatible types for comparison');
  return others.includes(value);
}

const pad: TemplateFunction = (value, before, after) => {
  const inner = text(value);
  return inner === '' ? '' : ' '.repeat(width(before)) + inner + ' '.repeat(width(after));
};

export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = dict({
  json: takes(1, marshal),
  join: takes(2, (values, separator) => list(values).map(print).join(text(separator))),
  split: takes(2, (value, separator) => text(value).split(text(separator))),
  upper: takes(1, (value) => text(value).toUpperCase()),
  lower: takes(1, (value) => text(value).toLowerCase()),
  title: takes(1, title),
  pad: takes(3, pad),
  truncate: takes(2, (value, limit) => [...text(value)].slice(0, width(limit)).join('')),
  len: takes(1, length),
  index,
  slice,
  not: takes(1, (value) => !truth(value)),
  eq: equal,
  ne: takes(2, (a, b) => !equal(a, b)),
  lt: takes(2, (a, b) => compare(a, b) < 0),
  le: takes(2, (a, b) => compare(a, b) <= 0),
  gt: takes(2, (a, b) => compare(a, b) > 0),
  ge: takes(2, (a, b) => compare(a, b) >= 0),
  print: (...values) => sprint(values),
  println: (...values) => `${values.map(print).join(' ')}\n`,
  printf: (format, ...values) => formatPrintf(text(format), values),
  html: (...values) => html(sprint(values)),
  js: (...values) => script(sprint(values)),
  urlquery: (...values) => query(sprint(values)),
  call: (value) => fail(`call of non-function ${print(value)}`),
});

const asItIs = (value: unknown): unknown => value;

/** For the heads of a table: what would change them leaves them as they are. */
export const HEADER_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = dict({
  ...FUNCTIONS,
  ...Object.fromEntries(
    'json join split upper lower title pad truncate'.split(' ').map((name) => [name, asItIs]),
  ),
});

/** `and` and `or` are the evaluator's: they look at no more than they must. */
export const isFunction = (name: string): boolean => name in FUNCTIONS || name === 'and' || name === 'or';
