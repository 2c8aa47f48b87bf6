import { TinyrunError } from '../../errors.ts';
import { PORT_PROTOCOLS } from '../socket-address.ts';
import { addressBytes } from './address.ts';
import {
  type Attribute,
  attribute,
  datagram,
  type Message,
  NETLINK_NETFILTER,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nest,
  text,
} from './wire.ts';

// Elements of the sets and maps of our table. The rules that look them up are loaded once and are always the same.

/** The only table of ours, of family inet. */
export const TABLE = 'tinyrun';

/** Types of nft(8): what a part of a key or a value is. */
export type PartType = 'ifname' | 'ipv4_addr' | 'ipv6_addr' | 'inet_proto' | 'inet_service';

interface SetShape {
  readonly key: readonly PartType[];
  /** A map's. */
  readonly data?: readonly PartType[];
  /** Its elements are ranges. */
  readonly interval?: true;
}

/** All there are. `any` and `at` are published ports: of every address of the host, and of one. */
export const SETS = {
  /** Bridges of ours. */
  bridges: { key: ['ifname'] },
  /** From a bridge to itself: where its containers reach one another. */
  same: { key: ['ifname', 'ifname'] },
  /** Bridges that lead nowhere. */
  internal: { key: ['ifname'] },
  /** The subnet of a bridge, and the bridge. */
  home4: { key: ['ipv4_addr', 'ifname'], interval: true },
  home6: { key: ['ipv6_addr', 'ifname'], interval: true },
  /** Subnets that leave with the host's address. */
  masq4: { key: ['ipv4_addr'], interval: true },
  masq6: { key: ['ipv6_addr'], interval: true },
  /** Pairs of other links that the host did not route between before we had it route. */
  closed: { key: ['ifname', 'ifname'] },
  any4: { key: ['inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  any6: { key: ['inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  at4: { key: ['ipv4_addr', 'inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  at6: { key: ['ipv6_addr', 'inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
} as const satisfies Record<string, SetShape>;

export type SetName = keyof typeof SETS;

/** A name of a device, an address or a protocol; a port. */
export type Part = string | number;

/** One element. Its parts are of the types that the set has. */
export interface Element {
  readonly set: SetName;
  readonly key: readonly Part[];
  /** The last key of a range, in which `key` is the first. */
  readonly end?: readonly Part[];
  readonly data?: readonly Part[];
}

const NFNL_SUBSYS_NFTABLES = 10;
export const NFNL_MSG_BATCH_BEGIN = 16;
export const NFNL_MSG_BATCH_END = 17;
export const NFT_MSG_NEWTABLE = NFNL_SUBSYS_NFTABLES << 8;
export const NFT_MSG_NEWCHAIN = (NFNL_SUBSYS_NFTABLES << 8) | 3;
export const NFT_MSG_NEWRULE = (NFNL_SUBSYS_NFTABLES << 8) | 6;
export const NFT_MSG_NEWSETELEM = (NFNL_SUBSYS_NFTABLES << 8) | 12;
export const NFT_MSG_DELSETELEM = (NFNL_SUBSYS_NFTABLES << 8) | 14;
const NFPROTO_INET = 1;
// nf_tables.h
export const NFTA_SET_ELEM_LIST_SET = 2;
export const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_LIST_ELEM = 1;
export const NFTA_SET_ELEM_KEY = 1;
export const NFTA_SET_ELEM_DATA = 2;
export const NFTA_SET_ELEM_FLAGS = 3;
export const NFTA_SET_ELEM_KEY_END = 10;
export const NFTA_DATA_VALUE = 1;
const NFT_SET_ELEM_INTERVAL_END = 1;

const IFNAMSIZ = 16;

function refuse(part: Part, type: PartType): never {
  throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(part)} is no ${type} of a set`);
}

function address(part: Part, type: PartType, size: number): Uint8Array {
  const bytes = typeof part === 'string' ? addressBytes(part) : undefined;
  return bytes?.length === size ? bytes : refuse(part, type);
}

/** As a packet has them: network byte order. */
const ENCODE: Readonly<Record<PartType, (part: Part) => Uint8Array>> = {
  ipv4_addr: (part) => address(part, 'ipv4_addr', 4),
  ipv6_addr: (part) => address(part, 'ipv6_addr', 16),
  inet_proto: (part) => Uint8Array.of(PORT_PROTOCOLS[part] ?? refuse(part, 'inet_proto')),
  inet_service: (part) => {
    if (typeof part !== 'number' || part >>> 0 !== part || part > 65535) refuse(part, 'inet_service');
    return Uint8Array.of(part >> 8, part & 255);
  },
  ifname: (part) => {
    const bytes = Buffer.from(String(part), 'utf8');
    if (bytes.length === 0 || bytes.length >= IFNAMSIZ) refuse(part, 'ifname');
    return Buffer.concat([bytes], IFNAMSIZ);
  },
};

/** A concatenation: each part is filled up to four bytes. What is one part stays as short as it is. */
function value(type: number, types: readonly PartType[], parts: readonly Part[]): Attribute {
  if (types.length !== parts.length) refuse(parts.join(' . '), types[0] ?? 'ifname');
  const bytes = types.map((each, index) => ENCODE[each](parts[index] ?? ''));
  const whole = Buffer.concat(
    bytes.flatMap((part) =>
      bytes.length === 1 ? [part] : [part, new Uint8Array((4 - (part.length & 3)) & 3)],
    ),
  );
  return nest(type, attribute(NFTA_DATA_VALUE, whole));
}

/** The address behind the last of a range. */
function behind(last: Attribute): Attribute {
  const [inner] = last.value;
  const bytes = Buffer.from((inner as Attribute).value[0] as Uint8Array);
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = ((bytes[at] ?? 0) + 1) & 255;
    if (bytes[at] !== 0) break;
  }
  return nest(NFTA_SET_ELEM_KEY, attribute(NFTA_DATA_VALUE, bytes));
}

function entries({ set, key, end, data }: Element): Attribute[] {
  const shape: SetShape = SETS[set];
  const first = value(NFTA_SET_ELEM_KEY, shape.key, key);
  const led = shape.data && data ? [value(NFTA_SET_ELEM_DATA, shape.data, data)] : [];
  if (end === undefined) return [nest(NFTA_LIST_ELEM, first, ...led)];
  if (shape.key.length > 1)
    return [nest(NFTA_LIST_ELEM, first, value(NFTA_SET_ELEM_KEY_END, shape.key, end), ...led)];
  // a range of one part is told by where it begins and where it is over
  const over = attribute(NFTA_SET_ELEM_FLAGS, Uint8Array.of(0, 0, 0, NFT_SET_ELEM_INTERVAL_END));
  const [start, stop] = [first, behind(value(NFTA_SET_ELEM_KEY, shape.key, end))];
  return [nest(NFTA_LIST_ELEM, start), nest(NFTA_LIST_ELEM, stop, over)];
}

/** struct nfgenmsg: family, version, and of a batch the subsystem, in network byte order. */
const generic = (family: number, subsystem = 0): Uint8Array => Uint8Array.of(family, 0, 0, subsystem);

function change(type: number, flags: number, set: SetName, elements: readonly Element[]): Message {
  const content = [
    generic(NFPROTO_INET),
    text(NFTA_SET_ELEM_LIST_TABLE, TABLE),
    text(NFTA_SET_ELEM_LIST_SET, set),
    nest(NFTA_SET_ELEM_LIST_ELEMENTS, ...elements.flatMap(entries)),
  ];
  return { type, flags, content };
}

/** An attribute has 16 bits for its length. */
const AT_ONCE = 256;

/** One message for the elements of each set, in pieces. */
function changes(type: number, flags: number, elements: readonly Element[]): Message[] {
  const bySet = new Map<SetName, Element[]>();
  for (const each of elements) bySet.set(each.set, [...(bySet.get(each.set) ?? []), each]);
  const all: Message[] = [];
  for (const [set, own] of bySet)
    for (let at = 0; at < own.length; at += AT_ONCE)
      all.push(change(type, flags, set, own.slice(at, at + AT_ONCE)));
  return all;
}

const edge = (type: number): Message => ({
  type,
  silent: true,
  content: [generic(0, NFNL_SUBSYS_NFTABLES)],
});

export interface ElementChange {
  readonly remove?: readonly Element[];
  readonly add?: readonly Element[];
}

/**
 * Arguments of a `netlink` step: all of it or nothing. EEXIST where one to be added is there; ENOENT where one to be removed, its
 * set or the table is not.
 */
/** `again`: what is there already is no failure. */
export function elementBatch({ remove = [], add = [] }: ElementChange, { again = false } = {}) {
  const messages = [
    edge(NFNL_MSG_BATCH_BEGIN),
    ...changes(NFT_MSG_DELSETELEM, 0, remove),
    ...changes(NFT_MSG_NEWSETELEM, NLM_F_CREATE | (again ? 0 : NLM_F_EXCL), add),
    edge(NFNL_MSG_BATCH_END),
  ];
  return { protocol: NETLINK_NETFILTER, ...datagram(messages), device: '' };
}

/** Equal for equal elements, however they are spelt. */
export function identityOf(element: Element): string {
  return Buffer.from(datagram([change(0, 0, element.set, [element])]).request).toString('latin1');
}
