import { TinyrunError } from '../../errors.ts';
import { escapeJson } from '../../store/text.ts';

export function fail(message: string): never {
  throw new TinyrunError('TEMPLATE', `template: ${message}`);
}

/** Members that people name as they like: one that is missing prints `<no value>`. */
export const LOOSE: ReadonlySet<string> = new Set([
  'Labels',
  'Annotations',
  'Attributes',
  'ExposedPorts',
  'Volumes',
  'Ports',
  'Options',
  'StorageOpt',
  'Sysctls',
  'Tmpfs',
]);

/** Members that are lists in Docker's types: none is an empty one, which is null as JSON. */
const LISTS: ReadonlySet<string> = new Set(
  'Args Binds CapAdd CapDrop Cmd Dns DnsOptions DnsSearch Entrypoint Env ExtraHosts GroupAdd Layers Mounts OnBuild RepoDigests RepoTags SecurityOpt Shell'.split(
    ' ',
  ),
);

class NilList extends Array<never> {
  toJSON(): null {
    return null;
  }
}

class NilMap {
  toJSON(): null {
    return null;
  }
}

/** What a null under a name is in Go: an empty list or map where the name is one of those. */
export function nilOf(name: string): unknown {
  if (LISTS.has(name)) return new NilList();
  return LOOSE.has(name) ? new NilMap() : null;
}

/** A line of a listing: its members by name, as Go marshals maps. */
export class Row {
  readonly [member: string]: unknown;
  constructor(members: Readonly<Record<string, unknown>>) {
    const sorted = Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1));
    Object.assign(this, Object.fromEntries(sorted));
  }
}

/** Column heads by member: of one that is not there `<no value>`, since it is the rows that have members. */
export class Heads extends Row {}

/** Docker's `json`: rows marshal themselves by json.Marshal, which escapes what HTML reads; other values are not escaped. */
export function marshal(value: unknown): string {
  let hasRows = false;
  // methods of rows are no members: JSON.stringify leaves them out
  const text = JSON.stringify(value ?? null, (_, member: unknown) => {
    hasRows ||= member instanceof Row;
    return member;
  });
  return escapeJson(
    hasRows ? text.replace(/[<>&]/g, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`) : text,
  );
}

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
  if (typeof value === 'number') return printNumber(value);
  if (!isObject(value)) return String(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${print(item)}`).join(' ')}]`;
}

/** As Go's %v: exponents have two digits, and begin at 21 of them. */
const printNumber = (value: number): string => String(value).replace(/e([-+])(\d)$/, 'e$10$2');
