import { type ContainerView, codeOf, type MountPoint } from '../engine/record.ts';
import { TinyrunError } from '../errors.ts';
import { hasLabel, parseFilters } from '../image/filter.ts';
import { networkNames } from './containers.ts';

/** What filters ask for besides the container at hand. */
export interface Lookup {
  /** By id, its beginning, or name. @throws TinyrunError CONTAINER_NOT_FOUND, AMBIGUOUS_ID */
  readonly container: (text: string) => ContainerView;
  /** Ids of the image a text names, and of the images made from it; none where there is no such image. */
  readonly family: (text: string) => ReadonlySet<string>;
}

type Test = (view: ContainerView) => boolean;

interface Filter {
  /** Checks the value before anything is listed. */
  readonly make: (value: string, lookup: Lookup) => Test;
  /** Several of this key must all hold; those of others are alternatives. */
  readonly every?: true;
}

const STATES = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];
const HEALTH = ['none', 'starting', 'healthy', 'unhealthy'];

const FILTERS = new Map<string, Filter>([
  ['id', { make: (value) => (view) => view.record.id.startsWith(value) }],
  ['name', { make: named }],
  ['label', { make: (value) => (view) => hasLabel(view.record.labels, value), every: true }],
  ['label!', { make: (value) => (view) => !hasLabel(view.record.labels, value), every: true }],
  ['status', { make: (value) => is(oneOf('status', value, STATES), (view) => view.status) }],
  ['health', { make: (value) => is(oneOf('health', value, HEALTH), healthWord) }],
  ['exited', { make: exited }],
  ['ancestor', { make: ancestor }],
  ['before', { make: (value, lookup) => created(value, lookup, (own, other) => own < other) }],
  ['since', { make: (value, lookup) => created(value, lookup, (own, other) => own > other) }],
  ['volume', { make: (value) => (view) => view.record.mounts.some(isMount(value)) }],
  ['network', { make: (value) => (view) => networkNames(view.record).includes(value) }],
]);

export const CONTAINER_FILTERS = [...FILTERS.keys()].filter((key) => !key.endsWith('!'));

/** `--filter` of `ps`, as Docker reads it; values are checked at once, whether or not there are containers. */
export function containerFilter(given: readonly string[], lookup: Lookup): Test {
  const tests = [...parseFilters(given, [...FILTERS.keys()])].flatMap(([key, values]) => {
    const filter = FILTERS.get(key);
    return filter ? [{ every: filter.every, each: values.map((value) => filter.make(value, lookup)) }] : [];
  });
  return (view) =>
    tests.every(({ every, each }) =>
      every ? each.every((test) => test(view)) : each.some((test) => test(view)),
    );
}

/** Whether a filter asks for what has ended, too: who names a state wants to see it. */
export const asksForAll = (given: readonly string[]): boolean =>
  parseFilters(given, [...FILTERS.keys()]).has('status');

/** What nothing tells of is `none`. */
const healthWord = ({ health }: ContainerView): string => health?.Status ?? 'none';

const is =
  (value: string, of: (view: ContainerView) => string): Test =>
  (view) =>
    of(view) === value;

function oneOf(key: string, value: string, words: readonly string[]): string {
  if (words.includes(value)) return value;
  throw new TinyrunError('USAGE', `invalid filter '${key}=${value}'`, {
    hint: `${key} is one of ${words.join(', ')}`,
  });
}

/** A regular expression over the name, with its slash or without; what is none matches only itself. */
function named(value: string): Test {
  const pattern = regular(value);
  return ({ record: { name } }) => {
    const forms = [name, `/${name}`];
    return forms.some((form) => form === value || pattern?.test(form));
  };
}

/** Go's `(?i)` in front is JavaScript's flag. */
function regular(text: string): RegExp | undefined {
  const [, ignoreCase, source = text] = /^(\(\?i\))?([\s\S]*)$/.exec(text) ?? [];
  try {
    return new RegExp(source, ignoreCase ? 'iu' : 'u');
  } catch {
    return undefined;
  }
}

function exited(value: string): Test {
  if (!/^[+-]?\d+$/.test(value))
    throw new TinyrunError('USAGE', `invalid filter 'exited=${value}'`, { hint: 'exited is an exit code' });
  return ({ record }) => record.exit !== undefined && codeOf(record) === Number(value);
}

/** By whatever names the image now, or as the container was asked for: an image may have lost its name since. */
function ancestor(value: string, lookup: Lookup): Test {
  const family = lookup.family(value);
  return ({ record }) => family.has(record.image.id) || (family.size === 0 && record.config.image === value);
}

function created(value: string, lookup: Lookup, compare: (own: number, other: number) => boolean): Test {
  const other = lookup.container(value).record;
  return ({ record }) =>
    record.id !== other.id && compare(Date.parse(record.created), Date.parse(other.created));
}

const isMount =
  (value: string) =>
  ({ source, destination, volume }: MountPoint): boolean =>
    (volume?.name ?? source) === value || destination === value;
