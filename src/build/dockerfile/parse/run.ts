import { suggest } from '../../../store/suggest.ts';
import { booleanOf, bytesOf } from '../../../store/words.ts';
import type { MountFlag, MountKey, MountType, RunInstruction, Word } from '../instruction.ts';
import { unquoted } from '../words.ts';
import type { Reader } from './reader.ts';

/** @see https://docs.docker.com/reference/dockerfile/#run---mount */
const KEYS: Readonly<Record<MountType, readonly (MountKey | 'writable' | 'required')[]>> = {
  bind: ['target', 'source', 'from', 'writable'],
  cache: ['target', 'source', 'from', 'id', 'sharing', 'mode', 'uid', 'gid', 'writable'],
  secret: ['target', 'id', 'required', 'mode', 'uid', 'gid', 'env'],
  ssh: ['target', 'id', 'required', 'mode', 'uid', 'gid'],
  tmpfs: ['target', 'size'],
};
const ALIASES: ReadonlyMap<string, MountKey | 'writable' | 'readonly' | 'required' | 'type'> = new Map([
  ...(['target', 'source', 'from', 'id', 'sharing', 'mode', 'uid', 'gid', 'size', 'env'] as const).map(
    (key) => [key, key] as const,
  ),
  ['type', 'type'],
  ['dst', 'target'],
  ['destination', 'target'],
  ['src', 'source'],
  ['rw', 'writable'],
  ['readwrite', 'writable'],
  ['ro', 'readonly'],
  ['readonly', 'readonly'],
  ['required', 'required'],
]);
const TYPES = Object.keys(KEYS) as MountType[];
const SHARING = ['shared', 'private', 'locked'];

/** What a mount says of a key. */
interface Field {
  readonly key: string;
  readonly value?: string;
}

export function parseRun(reader: Reader): RunInstruction | undefined {
  reader.readFlags({ mount: 'words', network: 'word', security: 'word', device: 'words' });
  const { heredocs } = reader.line;
  if (reader.rest.trim() === '')
    return void reader.tell('RUN requires at least one argument: a command', reader.whole);
  const network = choice(reader, 'network', ['default', 'none', 'host']);
  const security = choice(reader, 'security', ['sandbox', 'insecure']);
  return {
    kind: 'run',
    command: reader.command(),
    heredocs,
    mounts: reader.flags('mount').flatMap((word) => parseMount(reader, word) ?? []),
    ...(network && { network }),
    ...(security && { security }),
    devices: reader.flags('device'),
  };
}

function choice(reader: Reader, flag: string, words: readonly string[]): Word | undefined {
  const word = reader.flag(flag);
  if (word && !words.includes(word.text))
    reader.tell(
      `invalid ${flag} mode "${brief(word.text)}": it is one of ${words.join(', ')}`,
      word.range,
      suggest(word.text, words)[0],
    );
  return word;
}

const brief = (text: string): string => (text.length > 64 ? `${text.slice(0, 64)}…` : text);

/** One --mount; undefined where it was refused. */
export function parseMount(reader: Reader, { text, range }: Word): MountFlag | undefined {
  const fields = unquoted(text, reader.esc).split(',').map(fieldOf);
  const tell = (message: string, near?: string) => void reader.tell(message, range, near);
  const named = fields.find(({ key }) => key === 'type')?.value ?? 'bind';
  const type = TYPES.find((one) => one === named.toLowerCase());
  if (type === undefined) return tell(`unsupported mount type "${brief(named)}"`, suggest(named, TYPES)[0]);
  const mount: Draft = { fields: new Map(), writable: undefined, required: undefined };
  for (const { key, value } of fields) {
    const meant = ALIASES.get(key);
    if (meant === 'type') continue;
    const problem = setField(mount, { type, meant, key, value });
    if (problem !== undefined) return tell(problem.message, problem.near);
  }
  const wrong = whole(type, mount.fields);
  if (wrong !== undefined) return tell(wrong);
  const { writable, required } = mount;
  return {
    type,
    range,
    fields: mount.fields,
    ...(writable !== undefined && { writable }),
    ...(required !== undefined && { required }),
  };
}

function fieldOf(part: string): Field {
  const at = part.indexOf('=');
  if (at < 0) return { key: part.trim().toLowerCase() };
  return { key: part.slice(0, at).trim().toLowerCase(), value: part.slice(at + 1) };
}

type Meant = MountKey | 'writable' | 'readonly' | 'required' | 'type';
interface Draft {
  readonly fields: Map<MountKey, string>;
  writable: boolean | undefined;
  required: boolean | undefined;
}

function setField(
  mount: Draft,
  field: { type: MountType; meant: Meant | undefined; key: string; value: string | undefined },
): { message: string; near?: string | undefined } | undefined {
  const { type, meant, key, value } = field;
  // secrets call their id a source, too
  const asked = meant === 'source' && type === 'secret' ? 'id' : meant;
  const allowed: readonly string[] = KEYS[type];
  if (asked === undefined || !allowed.includes(asked === 'readonly' ? 'writable' : asked)) {
    if (asked === 'readonly' && value === undefined) return undefined;
    const near = suggest(
      key,
      [...ALIASES.keys()].filter((one) => allowed.includes(ALIASES.get(one) ?? '')),
    );
    return { message: `unexpected key '${brief(key)}' for mount type ${type}`, near: near[0] };
  }
  if (asked === 'writable' || asked === 'readonly' || asked === 'required') {
    const truth = value === undefined ? true : booleanOf(value);
    if (truth === undefined) return { message: `invalid value for ${key}: ${brief(value ?? '')}` };
    if (asked === 'required') mount.required = truth;
    else mount.writable = asked === 'writable' ? truth : !truth;
    return undefined;
  }
  if (value === undefined) return { message: `invalid field '${brief(key)}' must be a key=value pair` };
  if (asked !== 'type') mount.fields.set(asked, value);
  return undefined;
}

/** What is wrong with its values. Those with a variable are looked at once that is known. */
function whole(type: MountType, fields: ReadonlyMap<MountKey, string>): string | undefined {
  const value = (key: MountKey) => fields.get(key);
  const needsTarget = type === 'cache' || type === 'tmpfs' || type === 'bind';
  if (needsTarget && !value('target')) return `invalid mount: type=${type} needs a target`;
  if (value('from')?.includes('$'))
    return "'from' doesn't support variable expansion, define alias stage instead";
  const sharing = value('sharing');
  if (sharing !== undefined && !sharing.includes('$') && !SHARING.includes(sharing))
    return `unsupported sharing value "${brief(sharing)}": it is one of ${SHARING.join(', ')}`;
  for (const key of ['uid', 'gid', 'mode'] as const) {
    const number = value(key);
    const form = key === 'mode' ? /^(?:0o?)?[0-7]{1,5}$/ : /^\d{1,10}$/;
    if (number !== undefined && !number.includes('$') && !form.test(number))
      return `invalid value ${brief(number)} for ${key}`;
  }
  const size = value('size');
  if (size !== undefined && !size.includes('$') && bytesOf(size) === undefined)
    return `invalid value for size: ${brief(size)}`;
  if (type === 'secret' && !value('id') && !value('target')) return 'a secret needs an id or a target';
  return undefined;
}
