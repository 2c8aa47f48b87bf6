import type {
  BindConfig,
  ImageMountConfig,
  MountConfig,
  Propagation,
  TmpfsConfig,
  VolumeConfig,
} from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';
import { booleanOf } from '../../../store/words.ts';
import { csvFields } from './csv.ts';
import { parseSize } from './number.ts';

// --mount as docker's client and daemon read it together, in their words.

const ALIASES: Readonly<Record<string, string>> = {
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
};
/** Those that are true by being there. */
const SWITCHES = ['readonly', 'bind-nonrecursive', 'bind-create-src', 'volume-nocopy'];
const KEYS = [
  'type',
  'source',
  'target',
  'consistency',
  'bind-propagation',
  'bind-recursive',
  'tmpfs-size',
  'tmpfs-mode',
  'volume-subpath',
  'volume-label',
  'volume-driver',
  'volume-opt',
  'image-subpath',
  'bind-create-src',
  ...SWITCHES,
];
const RECURSIVE = ['enabled', 'disabled', 'writable', 'readonly'];

type Fields = ReadonlyMap<string, string>;
type Fail = (problem: string) => TinyrunError;

/** Keys in any case and by any of their names; the last of several counts. */
function readFields(text: string, fail: Fail): Fields {
  const fields = new Map<string, string>();
  for (const field of split(text, fail)) {
    const at = field.indexOf('=');
    const word = (at < 0 ? field : field.slice(0, at)).toLowerCase();
    const key = Object.hasOwn(ALIASES, word) ? (ALIASES[word] ?? word) : word;
    if (at < 0 && !SWITCHES.includes(key)) throw fail(`invalid field '${field}' must be a key=value pair`);
    if (!KEYS.includes(key)) throw fail(`unexpected key '${word}' in '${field}'`);
    const value = at < 0 ? 'true' : field.slice(at + 1);
    if (SWITCHES.includes(key) && booleanOf(value) === undefined)
      throw fail(`invalid value for ${word}: ${value}`);
    fields.set(key, value);
  }
  return fields;
}

function split(text: string, fail: Fail): string[] {
  try {
    return csvFields(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
}

/** `resolve` makes a relative host path absolute. @throws TinyrunError USAGE, UNSUPPORTED */
export function parseMount(text: string, resolve: (path: string) => string): MountConfig {
  const fail: Fail = (problem) => new TinyrunError('USAGE', `--mount ${JSON.stringify(text)}: ${problem}`);
  const fields = readFields(text, fail);
  const type = (fields.get('type') ?? 'volume').toLowerCase();
  const target = fields.get('target');
  if (!target) throw fail('target is required');
  checkMix(fields, type, fail);
  if (type === 'bind') return bindMount(fields, target, fail, resolve);
  if (type === 'tmpfs') return tmpfsMount(fields, target, fail);
  if (type === 'volume') return volumeMount(fields, target, { text, fail });
  if (type === 'image') return imageMount(fields, target, fail);
  throw fail(`invalid mount config for type "${type}": mount type unknown`);
}

function checkMix(fields: Fields, type: string, fail: Fail): void {
  for (const other of ['volume', 'image', 'bind', 'tmpfs'])
    if (other !== type && [...fields.keys()].some((key) => key.startsWith(`${other}-`)))
      throw fail(`cannot mix '${other}-*' options with mount type '${type}'`);
}

function bindMount(
  fields: Fields,
  target: string,
  fail: Fail,
  resolve: (path: string) => string,
): BindConfig {
  const config: Fail = (problem) => fail(`invalid mount config for type "bind": ${problem}`);
  const source = fields.get('source');
  if (!source) throw config('field Source must not be empty');
  if (!/^(\/|\.\.?(\/|$))/.test(source))
    throw config(`invalid mount path: '${source}' mount path must be absolute`);
  const readOnly = isOn(fields, 'readonly');
  const recursion = recursionOf(fields, readOnly, fail);
  const word = fields.get('bind-propagation')?.toLowerCase();
  const propagation = word ? { propagation: word as Propagation } : {};
  const created = isOn(fields, 'bind-create-src') && { createSource: true };
  return {
    kind: 'bind',
    source: resolve(source),
    target,
    readOnly,
    ...created,
    ...propagation,
    ...recursion,
  };
}

const isOn = (fields: Fields, key: string): boolean => booleanOf(fields.get(key) ?? 'false') === true;

function recursionOf(
  fields: Fields,
  readOnly: boolean,
  fail: Fail,
): { recursive: boolean; readOnlyBelow?: boolean } {
  const word = fields.get('bind-recursive') ?? (isOn(fields, 'bind-nonrecursive') ? 'disabled' : 'enabled');
  if (!RECURSIVE.includes(word))
    throw fail(
      `invalid value for bind-recursive: ${word} (must be "enabled", "disabled", "writable", or "readonly")`,
    );
  const needs = (what: string) =>
    fail(`option 'bind-recursive=${word}' requires '${what}' to be specified in conjunction`);
  if ((word === 'writable' || word === 'readonly') && !readOnly) throw needs('readonly');
  if (word === 'readonly' && fields.get('bind-propagation')?.toLowerCase() !== 'rprivate')
    throw needs('bind-propagation=rprivate');
  return { recursive: word !== 'disabled', ...(word === 'writable' && { readOnlyBelow: false }) };
}

/** Labels, which may be several, keep all that is given. */
function volumeMount(
  fields: Fields,
  target: string,
  { text, fail }: { text: string; fail: Fail },
): VolumeConfig {
  const name = fields.get('source');
  if (name?.startsWith('/'))
    throw fail(
      `invalid mount config for type "volume": invalid mount path: '${name}' mount path must not be absolute`,
    );
  const [labels, options] = ['label', 'opt'].map((key) => pairsOf(text, key));
  return {
    kind: 'volume',
    ...(name && { name }),
    target,
    ...(isOn(fields, 'readonly') && { readOnly: true }),
    ...(isOn(fields, 'volume-nocopy') && { noCopy: true }),
    ...(labels && { labels }),
    ...(options && { options }),
    ...(fields.get('volume-subpath') && { subpath: fields.get('volume-subpath') }),
    ...(fields.has('volume-driver') && { driver: fields.get('volume-driver') }),
    asMount: true,
  };
}

/** `volume-label=KEY=VALUE`, `volume-opt=…`: those that are given, which may be several. */
function pairsOf(text: string, name: string): Readonly<Record<string, string>> | undefined {
  const pairs = csvFields(text).flatMap((field) => {
    const [, key, value = ''] = new RegExp(`^volume-${name}=([^=]*)=?(.*)$`, 'is').exec(field) ?? [];
    return key ? [[key, value] as const] : [];
  });
  return pairs.length > 0 ? Object.fromEntries(pairs) : undefined;
}

/** What is of an image cannot be written, whatever is said of it. */
function imageMount(fields: Fields, target: string, fail: Fail): ImageMountConfig {
  const image = fields.get('source');
  if (!image) throw fail('invalid mount config for type "image": field Source must not be empty');
  const subpath = fields.get('image-subpath');
  return { kind: 'image', image, target, ...(subpath && { subpath }) };
}

function tmpfsMount(fields: Fields, target: string, fail: Fail): TmpfsConfig {
  const config: Fail = (problem) => fail(`invalid mount config for type "tmpfs": ${problem}`);
  if (fields.get('source')) throw config('field Source must not be specified');
  const size = fields.get('tmpfs-size');
  const mode = fields.get('tmpfs-mode');
  if (mode !== undefined && !(/^[0-7]+$/.test(mode) && Number.parseInt(mode, 8) < 2 ** 32))
    throw fail(`invalid value for tmpfs-mode: ${mode}`);
  const options = [
    ...(size === undefined ? [] : [`size=${sizeOf(size, fail)}`]),
    // what does not fit a mode the kernel refuses, and Docker cuts off
    ...(mode === undefined ? [] : [`mode=${(Number.parseInt(mode, 8) & 0o7777).toString(8)}`]),
    ...(isOn(fields, 'readonly') ? ['ro'] : []),
  ];
  return { kind: 'tmpfs', target, options };
}

function sizeOf(text: string, fail: Fail): number {
  try {
    return parseSize(text, 'tmpfs-size');
  } catch {
    throw fail(`invalid value for tmpfs-size: ${text}`);
  }
}
