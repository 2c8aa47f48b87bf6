import { TinyrunError } from '../errors.ts';
import type { Healthcheck, HistoryEntry, ImageConfig, ImageDefaults } from './types.ts';

// An image's config as Docker's decoder (Go's encoding/json) takes it: names in any case, null for nothing, Cmd and
// Entrypoint also as one string; any other type than the declared one refuses the image, by the field's name.

/** Reads one value that is not null. @throws TinyrunError BAD_IMAGE */
type Read<T> = (value: unknown, field: string) => T;

const KINDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  boolean: 'a boolean',
};

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return KINDS[typeof value] ?? 'an object';
}

function wrong(field: string, wanted: string, value: unknown): TinyrunError {
  return new TinyrunError('BAD_IMAGE', `${field} is ${kindOf(value)}, not ${wanted}`);
}

const text: Read<string> = (value, field) => {
  if (typeof value === 'string') return value;
  throw wrong(field, 'a string', value);
};

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** RFC 3339. */
const time: Read<string> = (value, field) => {
  const read = text(value, field);
  if (TIME.test(read) && !Number.isNaN(Date.parse(read.replace(',', '.')))) return read;
  throw new TinyrunError('BAD_IMAGE', `${field} is no time: ${JSON.stringify(read)}`);
};

const truth: Read<boolean> = (value, field) => {
  if (typeof value === 'boolean') return value;
  throw wrong(field, 'a boolean', value);
};

const whole: Read<number> = (value, field) => {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw wrong(field, 'a whole number', value);
};

const list =
  <T>(read: Read<T>, ofNull: T): Read<T[]> =>
  (value, field) => {
    if (!Array.isArray(value)) throw wrong(field, 'a list', value);
    return value.map((item: unknown, i) => (item === null ? ofNull : read(item, `${field}[${i}]`)));
  };

const texts = list(text, '');

/** strslice of moby: a string stands for a list of it alone, an empty one for none. */
const words: Read<string[]> = (value, field) => {
  if (typeof value === 'string') return value === '' ? [] : [value];
  return texts(value, field);
};

function entries(value: unknown, field: string): [string, unknown][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(field, 'an object', value);
  return Object.entries(value);
}

const keys: Read<Record<string, object>> = (value, field) =>
  Object.fromEntries(entries(value, field).map(([key]) => [key, {}]));

/** Each is a directory that is made while nobody can interrupt; honest images have a handful. */
const MAX_VOLUMES = 1000;

const volumes: Read<Record<string, object>> = (value, field) => {
  const found = keys(value, field);
  const count = Object.keys(found).length;
  if (count <= MAX_VOLUMES) return found;
  throw new TinyrunError('BAD_IMAGE', `${field} has ${count} members, at most ${MAX_VOLUMES} are taken`);
};

const labels: Read<Record<string, string>> = (value, field) =>
  Object.fromEntries(
    entries(value, field).map(([key, one]) => [key, one === null ? '' : text(one, `${field}.${key}`)]),
  );

type Fields<T> = { readonly [K in keyof T]-?: Read<Exclude<T[K], null | undefined>> };

/** An object with these fields; others are kept as they are, for who asks for the whole of it. */
const record =
  <T>(fields: Fields<T>): Read<Partial<T>> =>
  (value, field) => {
    const names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name as keyof T & string]));
    const read = entries(value, field).flatMap(([key, one]): [string, unknown][] => {
      const name = names.get(key.toLowerCase());
      if (name === undefined) return [[key, one]];
      const path = field === '' ? name : `${field}.${name}`;
      return one === null ? [] : [[name, fields[name](one, path)]];
    });
    return Object.fromEntries(read) as Partial<T>;
  };

const healthcheck = record<Healthcheck>({
  Test: texts,
  Interval: whole,
  Timeout: whole,
  StartPeriod: whole,
  StartInterval: whole,
  Retries: whole,
});

type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

const container = record<Known<ImageDefaults>>({
  User: text,
  ExposedPorts: keys,
  Env: texts,
  Entrypoint: words,
  Cmd: words,
  Volumes: volumes,
  WorkingDir: text,
  Labels: labels,
  StopSignal: text,
  Healthcheck: healthcheck,
  Shell: words,
  ArgsEscaped: truth,
  OnBuild: texts,
});

const history = record<HistoryEntry>({
  created: time,
  author: text,
  created_by: text,
  comment: text,
  empty_layer: truth,
});

type Layers = ImageConfig['rootfs'];

const layers: Read<Layers> = (value, field) => {
  const { diff_ids = [] } = record<{ diff_ids: string[] }>({ diff_ids: texts })(value, field);
  return { type: 'layers', diff_ids };
};

const top = record<ImageConfig>({
  created: time,
  author: text,
  architecture: text,
  os: text,
  variant: text,
  'os.version': text,
  config: container,
  rootfs: layers,
  history: list(history, {}),
  docker_version: text,
});

/**
 * The one place where an image's config is read: what comes out is what its types say.
 * @throws TinyrunError BAD_IMAGE naming the field
 */
export function readImageConfig(value: unknown, what: string): ImageConfig {
  try {
    const config = top(value, '');
    const { os, architecture } = config;
    // Docker runs an image that says neither, and warns
    return {
      ...config,
      os: os || 'linux',
      architecture: architecture || 'unknown',
      rootfs: config.rootfs ?? { type: 'layers', diff_ids: [] },
    };
  } catch (error) {
    if (!(error instanceof TinyrunError)) throw error;
    throw new TinyrunError('BAD_IMAGE', `${what}: ${error.message}`);
  }
}
