import { TinyrunError } from '../../errors.ts';

// The Container Device Interface: what a vendor says that a container needs for a device. SPEC.md of
// cncf-tags/container-device-interface, as far as 1.1.0; unknown fields are passed over, as its own reader does not.

export interface CdiSpec {
  readonly cdiVersion: string;
  /** `vendor.com/class`. */
  readonly kind: string;
  readonly devices: readonly { readonly name: string; readonly containerEdits?: CdiEdits }[];
  /** Of every device of it. */
  readonly containerEdits?: CdiEdits;
}

export interface CdiEdits {
  readonly env?: readonly string[];
  readonly deviceNodes?: readonly CdiNode[];
  readonly mounts?: readonly CdiMount[];
  readonly hooks?: readonly CdiHook[];
  readonly additionalGids?: readonly number[];
  readonly intelRdt?: object;
  readonly netDevices?: readonly object[];
}

export interface CdiNode {
  readonly path: string;
  readonly hostPath?: string;
  readonly type?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly permissions?: string;
  readonly uid?: number;
  readonly gid?: number;
}

export interface CdiMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly type?: string;
  readonly options?: readonly string[];
}

export interface CdiHook {
  readonly hookName: string;
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
}

const VERSIONS = '0.2.0 0.3.0 0.4.0 0.5.0 0.6.0 0.7.0 0.8.0 1.0.0 1.1.0'.split(' ');
const KIND = /^[A-Za-z]([\w.-]*[A-Za-z0-9])?\/[A-Za-z]([\w-]*[A-Za-z0-9])?$/;
const NAME = /^[A-Za-z0-9]([\w.:-]*[A-Za-z0-9])?$/;

/** Whether a text names a device of a vendor: `vendor.com/class=name`. */
export function isQualified(text: string): boolean {
  const at = text.indexOf('=');
  return at > 0 && KIND.test(text.slice(0, at)) && NAME.test(text.slice(at + 1));
}

type Check = (value: unknown) => boolean;
const text: Check = (value) => typeof value === 'string' && !value.includes('\0');
const absolute: Check = (value) => text(value) && (value as string).startsWith('/');
const number: Check = (value) => Number.isInteger(value);
const unsigned: Check = (value) => number(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
const list =
  (of: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(of);
const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** A `!` ends the name of what must be there. */
const table =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isTable(value) &&
    Object.entries(fields).every(([field, check]) => {
      const name = field.replace('!', '');
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      return given === undefined || given === null ? name === field : check(given);
    });

const EDITS = table({
  env: list((value) => text(value) && (value as string).indexOf('=') > 0),
  deviceNodes: list(
    table({
      'path!': absolute,
      hostPath: absolute,
      type: (value) => ['b', 'c', 'u', 'p', ''].includes(value as string),
      major: number,
      minor: number,
      fileMode: unsigned,
      permissions: (value) => text(value) && /^[rwm]{0,3}$/.test(value as string),
      uid: unsigned,
      gid: unsigned,
    }),
  ),
  mounts: list(table({ 'hostPath!': text, 'containerPath!': absolute, type: text, options: list(text) })),
  hooks: list(
    table({ 'hookName!': text, 'path!': absolute, args: list(text), env: list(text), timeout: unsigned }),
  ),
  additionalGids: list(unsigned),
  intelRdt: isTable,
  netDevices: list(isTable),
});

const SPEC = table({
  'devices!': list(
    table({ 'name!': (value) => text(value) && NAME.test(value as string), containerEdits: EDITS }),
  ),
  containerEdits: EDITS,
});

/** @throws TinyrunError SPEC_INVALID for what is no specification of devices; a file is its vendor's word, and checked */
export function checkCdi(value: unknown, path: string): CdiSpec {
  const fail = (problem: string) => new TinyrunError('SPEC_INVALID', `CDI specification ${path}: ${problem}`);
  if (!isTable(value)) throw fail('not an object');
  const { cdiVersion, kind } = value;
  if (typeof cdiVersion !== 'string' || !VERSIONS.includes(cdiVersion.replace(/^v/, '')))
    throw fail(`invalid version ${JSON.stringify(cdiVersion)}: the known ones are ${VERSIONS.join(', ')}`);
  if (typeof kind !== 'string' || !KIND.test(kind)) throw fail(`invalid kind ${JSON.stringify(kind)}`);
  if (!SPEC(value)) throw fail('a field of its devices or containerEdits is not what it should be');
  const spec = value as unknown as CdiSpec;
  const names = spec.devices.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw fail(`multiple definitions of device ${JSON.stringify(twice)}`);
  return spec;
}
