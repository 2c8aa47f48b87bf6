import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { type Element, type Part, SETS, type SetName, TABLE } from '../../plan/netlink/sets.ts';
import { protocolName } from '../../plan/socket-address.ts';
import { addressOf, familyOf, rangeOf } from '../address.ts';

// nft(8) tells what is in the kernel; what is changed often is told to the kernel by ourselves.

/** It is root's, and root's PATH may lack sbin. */
const PLACES = ['/usr/sbin', '/sbin', '/usr/bin', '/bin', '/usr/local/sbin'];

/** An absolute path. */
export function findProgram(name: string): string | undefined {
  const paths = [...(process.env.PATH ?? '').split(':'), ...PLACES].map(
    (directory) => `${directory}/${name}`,
  );
  return paths.find((path) => path.startsWith('/') && isExecutable(path));
}

/** @throws TinyrunError UNSUPPORTED */
export function findNft(): string {
  const found = findProgram('nft');
  if (found !== undefined) return found;
  throw new TinyrunError('UNSUPPORTED', 'load the firewall of networks: nft is not installed', {
    hint: 'install nftables (apt-get install nftables), or use --network host or none',
  });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Our table, or a chain of it, as libnftables-json(5) has it; undefined where there is none. */
export function listed(nft: string, what: 'table' | 'chain', ...name: string[]): unknown {
  const args = ['-j', 'list', what, 'inet', TABLE, ...name];
  const { status, stdout, stderr, error } = spawnSync(nft, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (status === 0) return JSON.parse(stdout);
  if (stderr.includes('No such file or directory')) return undefined;
  throw new TinyrunError('SYSCALL', `nft ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

type Value = string | number | { prefix: { addr: string; len: number } } | { range: [string, string] };
type Key = Value | { concat: Value[] };
interface Listing {
  readonly nftables?: readonly { readonly set?: Listed; readonly map?: Listed }[];
}
interface Listed {
  readonly name: string;
  readonly elem?: readonly (Key | { elem: { val: Key } } | [Key, Key])[];
}

const valuesOf = (key: Key): Value[] => (typeof key === 'object' && 'concat' in key ? key.concat : [key]);

/** The first and the last of a value; the same twice of one that is no range. */
function endsOf(value: Value): [Part, Part] {
  if (typeof value !== 'object') return [value, value];
  if ('range' in value) return value.range;
  const { addr, len } = value.prefix;
  const { first, last } = rangeOf(`${addr}/${len}`);
  return [addressOf(first, familyOf(addr)), addressOf(last, familyOf(addr))];
}

/** nft has names from /etc/protocols, where there is such a file. */
const protocolOf = (part: Part): Part => (typeof part === 'number' ? protocolName(part) : part);

function elementOf(set: SetName, each: Key | { elem: { val: Key } } | [Key, Key]): Element {
  const [key, data] = Array.isArray(each) ? each : [each, undefined];
  const plain = typeof key === 'object' && 'elem' in key ? key.elem.val : key;
  const at = (SETS[set].key as readonly string[]).indexOf('inet_proto');
  const ends = valuesOf(plain).map(endsOf);
  const side = (index: 0 | 1): Part[] =>
    ends.map((end, part) => (part === at ? protocolOf(end[index]) : end[index]));
  return {
    set,
    key: side(0),
    ...('interval' in SETS[set] ? { end: side(1) } : {}),
    ...(data === undefined ? {} : { data: valuesOf(data).map((value) => endsOf(value)[0]) }),
  };
}

/** The elements of all sets and maps that we know. */
export function elementsIn(listing: unknown): Element[] {
  return ((listing as Listing | undefined)?.nftables ?? []).flatMap(({ set, map }) => {
    const { name, elem = [] } = set ?? map ?? { name: '' };
    return Object.hasOwn(SETS, name) ? elem.map((each) => elementOf(name as SetName, each)) : [];
  });
}
