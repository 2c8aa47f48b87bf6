import { TinyrunError } from '../errors.ts';
import { booleanOf, durationOf } from '../store/words.ts';
import type { ImageView } from './view.ts';

/** `--filter KEY=VALUE`, many times: values of one key are alternatives (but for labels), keys all have to hold. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/** As docker's client reads them, of all that can be filtered. @throws TinyrunError FLAG, USAGE */
export function parseFilters(given: readonly string[] = [], known: readonly string[]): Filters {
  const filters = new Map<string, string[]>();
  for (const text of given.filter((each) => each !== '')) {
    const at = text.indexOf('=');
    const hint = `the filters are ${known.filter((key) => !key.endsWith('!')).join(', ')}`;
    if (at < 1)
      throw new TinyrunError('FLAG', `bad format of filter ${JSON.stringify(text)}: expected name=value`, {
        hint,
      });
    const key = text.slice(0, at).trim().toLowerCase();
    if (!known.includes(key)) throw new TinyrunError('USAGE', `invalid filter '${key}'`, { hint });
    filters.set(key, [...(filters.get(key) ?? []), text.slice(at + 1).trim()]);
  }
  return filters;
}

export const IMAGE_FILTERS = ['dangling', 'label', 'before', 'since', 'until', 'reference'] as const;

type Find = (text: string) => ImageView | undefined;

/** Whether an image is wanted; `find` resolves the images that before and since name. */
export function matcher(filters: Filters, find: Find, now = Date.now()): (view: ImageView) => boolean {
  const tests: ((view: ImageView) => boolean)[] = [];
  const each = (key: string, make: (value: string) => (view: ImageView) => boolean) => {
    for (const value of filters.get(key) ?? []) tests.push(make(value));
  };
  each('dangling', (value) => (view) => (view.tags.length === 0) === parseBoolean(value));
  each('label', (value) => (view) => hasLabel(view.entry.labels, value));
  each('label!', (value) => (view) => !hasLabel(view.entry.labels, value));
  each('before', (value) => older(find, value));
  each('since', (value) => newer(find, value));
  each('until', (value) => {
    const until = parseUntil(value, now);
    return (view) => Date.parse(view.entry.created) < until;
  });
  const references = filters.get('reference');
  if (references) {
    const isMeant = namedBy(references);
    tests.push((view) => [...view.tags, ...view.digests].some(isMeant));
  }
  return (view) => tests.every((test) => test(view));
}

function parseBoolean(text: string): boolean {
  const truth = booleanOf(text);
  if (truth !== undefined) return truth;
  throw new TinyrunError('USAGE', `bad value "${text}" of a filter`, { hint: 'true or false is expected' });
}

/** `KEY`, or `KEY=VALUE`, where the value may hold `=`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === wanted.slice(equals + 1));
}

function created(find: Find, text: string): number {
  const view = find(text);
  if (!view) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${text}`);
  return Date.parse(view.entry.created);
}

const older = (find: Find, text: string) => {
  const limit = created(find, text);
  return (view: ImageView) => Date.parse(view.entry.created) < limit;
};

const newer = (find: Find, text: string) => {
  const limit = created(find, text);
  return (view: ImageView) => Date.parse(view.entry.created) > limit;
};

/** A duration ago (`24h`, `1h30m`, as Go has them), seconds since 1970, or a date. */
export function parseUntil(text: string, now: number): number {
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ago = durationOf(text);
  const time = ago === undefined ? Date.parse(text) : now - ago;
  if (Number.isNaN(time))
    throw new TinyrunError('USAGE', `bad time "${text}"`, { hint: 'a duration such as 24h, or a date' });
  return time;
}

/** Whether one of the patterns means a name: Go's path.Match on all of it, and on what is in front of its tag or digest. */
export function namedBy(patterns: readonly string[]): (name: string) => boolean {
  const globs = patterns.map(globOf);
  return (name) => {
    const repository = name.replace(/(?::[^/:@]*)?(?:@.*)?$/, '');
    return globs.some((glob) => glob.test(name) || glob.test(repository));
  };
}

/** @throws TinyrunError USAGE for a class without an end, or with one before its start */
function globOf(pattern: string): RegExp {
  const parts = pattern.matchAll(/\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|([*?])|([\s\S])/g);
  const source = [...parts].map(([, escaped, not = '', set, wild, plain = '']) => {
    if (set !== undefined) return `[${not}${set.replace(/[[^]/g, '\\$&')}]`;
    if (wild !== undefined) return wild === '*' ? '[^/]*' : '[^/]';
    if (plain === '[') throw new TinyrunError('USAGE', `bad pattern "${pattern}"`, { hint: CLASSES });
    return (escaped ?? plain).replace(/[.+^${}()|\\[\]*?]/g, '\\$&');
  });
  try {
    return new RegExp(`^${source.join('')}$`);
  } catch (cause) {
    throw new TinyrunError('USAGE', `bad pattern "${pattern}"`, { cause, hint: CLASSES });
  }
}

const CLASSES = 'patterns have *, ? and classes such as [a-z]';
