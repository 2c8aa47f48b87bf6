import { TinyrunError } from '../../errors.ts';

export function fail(message: string): never {
  throw new TinyrunError('TEMPLATE', `template: ${message}`);
}

/** Members that people name as they like: one that is missing prints `<no value>`. */
export const LOOSE: ReadonlySet<string> = new Set([
  'Labels',
  'Annotations',
  'ExposedPorts',
  'Volumes',
  'Ports',
  'Options',
]);

export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Go's truth: not the zero value. */
export function truth(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as fmt.Print shows it: `[a b]`, `map[k:v]`. */
export function print(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return `[${value.map(print).join(' ')}]`;
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${print(item)}`).join(' ')}]`;
}
