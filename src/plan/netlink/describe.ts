import { toJson } from '../../store/text.ts';
import { addressText, RTM_NEWADDR } from './address.ts';
import { describeSets } from './describe-sets.ts';
import {
  IFF_UP,
  IFLA_ADDRESS,
  IFLA_BRPORT_ISOLATED,
  IFLA_BRPORT_MODE,
  IFLA_IFALIAS,
  IFLA_IFNAME,
  IFLA_INFO_DATA,
  IFLA_INFO_KIND,
  IFLA_INFO_SLAVE_DATA,
  IFLA_LINK,
  IFLA_LINKINFO,
  IFLA_MASTER,
  IFLA_MTU,
  IFLA_NET_NS_PID,
  RTM_DELLINK,
  RTM_NEWLINK,
  VETH_INFO_PEER,
} from './link.ts';
import {
  FRA_PRIORITY,
  FRA_SRC,
  FRA_TABLE,
  RT_TABLE_LOCAL,
  RT_TABLE_MAIN,
  RTA_DST,
  RTA_GATEWAY,
  RTA_PRIORITY,
  RTA_TABLE,
  RTM_DELROUTE,
  RTM_DELRULE,
  RTM_NEWROUTE,
  RTM_NEWRULE,
} from './route.ts';
import { attributesOf, HEAD, NETLINK_NETFILTER, NETLINK_ROUTE } from './wire.ts';

// Messages of ours as people read them. What lacks what they have (a journal is a file) is told by number.

type Attributes = Map<number, Uint8Array>;

/** struct ifinfomsg, rtmsg and fib_rule_hdr. */
const [LINK, ROUTE] = [16, 12];

const string = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8').replace(/\0$/, '');
const number = (bytes: Uint8Array | undefined): number =>
  bytes === undefined || bytes.length < 4
    ? 0
    : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);

/** `02:42:ac:12:00:05` */
const mac = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:');

const inside = (attributes: Attributes, ...path: number[]): Attributes =>
  path.reduce((at, type) => attributesOf(at.get(type) ?? new Uint8Array()), attributes);

/** What an attribute says, where it is there. */
function said(attributes: Attributes, type: number, say: (bytes: Uint8Array) => string): string[] {
  const bytes = attributes.get(type);
  return bytes === undefined ? [] : [say(bytes)];
}

/** What every device has: its name, MAC and MTU, and where it is. */
function face(attributes: Attributes): string[] {
  return [
    ...said(attributes, IFLA_IFNAME, (bytes) => toJson(string(bytes))),
    ...said(attributes, IFLA_ADDRESS, mac),
    ...said(attributes, IFLA_MTU, (bytes) => `mtu ${number(bytes)}`),
    ...said(attributes, IFLA_NET_NS_PID, () => 'netns of PID'),
  ];
}

function slave(data: Attributes): string[] {
  const on = (type: number, word: string) => (data.get(type)?.[0] === 1 ? [word] : []);
  return [...on(IFLA_BRPORT_MODE, 'hairpin'), ...on(IFLA_BRPORT_ISOLATED, 'isolated')];
}

function newLink(body: Uint8Array, device: string): string {
  const attributes = attributesOf(body.subarray(LINK));
  const [flags, change] = [number(body.subarray(8)), number(body.subarray(12))];
  // the shortest of all, of a device that is named beside it
  if (attributes.size === 0 && flags === IFF_UP) return 'RTM_NEWLINK IFF_UP';
  const how = inside(attributes, IFLA_LINKINFO);
  const peer = attributesOf(
    inside(how, IFLA_INFO_DATA).get(VETH_INFO_PEER)?.subarray(LINK) ?? new Uint8Array(),
  );
  const kind = said(how, IFLA_INFO_KIND, string);
  const [name = '', ...rest] = face(attributes);
  if (attributes.size === 1) return `RTM_NEWLINK {IFLA_IFNAME=${name}}`;
  const parts = [
    [...kind, name].join(' '),
    ...rest,
    ...said(attributes, IFLA_LINK, () => `link ${device}`),
    // the step writes the index of its device here
    ...said(attributes, IFLA_MASTER, () => (kind.length === 0 ? 'no master' : `master ${device}`)),
    ...said(attributes, IFLA_IFALIAS, (bytes) => `alias ${toJson(string(bytes))}`),
    ...(kind[0] === 'veth' ? [`peer {${face(peer).join(', ')}}`] : []),
    ...slave(inside(how, IFLA_INFO_SLAVE_DATA)),
    ...(change === IFF_UP ? [flags === IFF_UP ? 'up' : 'down'] : []),
  ];
  return `RTM_NEWLINK {${parts.join(', ')}}`;
}

const removedLink = (body: Uint8Array): string =>
  `RTM_DELLINK ${face(attributesOf(body.subarray(LINK))).join(' ')}`;

/** `192.0.2.7/24`: behind ifaddrmsg the first attribute is IFA_LOCAL. */
function newAddress(body: Uint8Array): string | undefined {
  const [local] = attributesOf(body.subarray(8)).values();
  const text = addressText(local);
  return text && `RTM_NEWADDR ${text}/${body[1]}`;
}

const route =
  (name: string) =>
  (body: Uint8Array): string => {
    const attributes = attributesOf(body.subarray(ROUTE));
    const table = number(attributes.get(RTA_TABLE)) || body[4];
    const parts = [
      ...(table === RT_TABLE_LOCAL ? ['local'] : []),
      addressText(attributes.get(RTA_DST)) ?? 'default',
      ...said(attributes, RTA_GATEWAY, (bytes) => `via ${addressText(bytes)}`),
      ...(table === RT_TABLE_MAIN ? [] : [`table ${table === RT_TABLE_LOCAL ? 'local' : table}`]),
      `metric ${number(attributes.get(RTA_PRIORITY))}`,
    ];
    return `${name} ${parts.join(' ')}`;
  };

const rule =
  (name: string) =>
  (body: Uint8Array): string => {
    const attributes = attributesOf(body.subarray(ROUTE));
    const [table, priority] = [FRA_TABLE, FRA_PRIORITY].map((type) => number(attributes.get(type)));
    return `${name} ${priority}: from ${addressText(attributes.get(FRA_SRC)) ?? 'all'} lookup ${table}`;
  };

const TELL = new Map<number, (body: Uint8Array, device: string) => string | undefined>([
  [RTM_NEWLINK, newLink],
  [RTM_DELLINK, removedLink],
  [RTM_NEWADDR, newAddress],
  [RTM_NEWROUTE, route('RTM_NEWROUTE')],
  [RTM_DELROUTE, route('RTM_DELROUTE')],
  [RTM_NEWRULE, rule('RTM_NEWRULE')],
  [RTM_DELRULE, rule('RTM_DELRULE')],
]);

function describeOne(protocol: number, message: Buffer, device: string): string {
  const type = message.readUInt16LE(4);
  const body = message.subarray(HEAD);
  const told =
    protocol === NETLINK_ROUTE
      ? TELL.get(type)?.(body, device)
      : protocol === NETLINK_NETFILTER
        ? describeSets(type, body)
        : undefined;
  return told ?? `message 0x${type.toString(16)}`;
}

/** What the messages of a datagram ask for, one each. `device` is that of their step. */
export function describe(protocol: number, request: Uint8Array, device = ''): string[] {
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  const all: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.length - at < HEAD ? 0 : bytes.readUInt32LE(at);
    // what is none of ours is told, not believed
    if (length < HEAD || length > bytes.length - at) return [...all, `${bytes.length - at} bytes`];
    all.push(describeOne(protocol, bytes.subarray(at, at + length), device));
    at += length;
  }
  return all;
}
