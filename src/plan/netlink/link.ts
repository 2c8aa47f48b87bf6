import { TinyrunError } from '../../errors.ts';
import {
  type Attribute,
  attribute,
  type Message,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nest,
  type Piece,
  text,
  u8,
  u16,
  u32,
  word,
} from './wire.ts';

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;

export const IFF_UP = 1;

// if_link.h
export const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
export const IFLA_MTU = 4;
export const IFLA_LINK = 5;
export const IFLA_MASTER = 10;
export const IFLA_LINKINFO = 18;
export const IFLA_NET_NS_PID = 19;
export const IFLA_IFALIAS = 20;
export const IFLA_INFO_KIND = 1;
export const IFLA_INFO_DATA = 2;
export const IFLA_INFO_SLAVE_KIND = 4;
export const IFLA_INFO_SLAVE_DATA = 5;
export const VETH_INFO_PEER = 1;
/** Hairpin mode: what came in by a port may leave by it. */
export const IFLA_BRPORT_MODE = 4;
export const IFLA_BRPORT_ISOLATED = 33;
const IFLA_MACVLAN_MODE = 1;
const IFLA_IPVLAN_MODE = 1;

const MACVLAN_MODES = { private: 1, vepa: 2, bridge: 4, passthru: 8 } as const;
export type MacvlanMode = keyof typeof MACVLAN_MODES;
export const isMacvlanMode = (mode: string): mode is MacvlanMode => Object.hasOwn(MACVLAN_MODES, mode);

const IPVLAN_MODES = { l2: 0, l3: 1, l3s: 2 } as const;

/** struct ifinfomsg: family and type, index, flags, and which of them change. */
const info = (flags = 0, change = 0, index: Piece = word(0)): Piece[] => [
  word(0),
  index,
  word(flags),
  word(change),
];

function macBytes(mac: string): Uint8Array {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac))
    throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(mac)} is no MAC address`);
  return Uint8Array.from(mac.split(':'), (digits) => Number.parseInt(digits, 16));
}

/** IFNAMSIZ is 16, with its NUL. */
function named(name: string): Attribute {
  if (name === '' || Buffer.byteLength(name) > 15)
    throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(name)} is no name of a network device`);
  return text(IFLA_IFNAME, name);
}

interface LinkFace {
  readonly name: string;
  readonly mac: string;
  /** Bytes. */
  readonly mtu: number;
}

const face = ({ name, mac, mtu }: LinkFace): Attribute[] => [
  named(name),
  attribute(IFLA_ADDRESS, macBytes(mac)),
  u32(IFLA_MTU, mtu),
];

const kind = (name: string, ...data: Attribute[]): Attribute =>
  nest(
    IFLA_LINKINFO,
    text(IFLA_INFO_KIND, name),
    ...(data.length === 0 ? [] : [nest(IFLA_INFO_DATA, ...data)]),
  );

const born = (content: Piece[]): Message => ({
  type: RTM_NEWLINK,
  flags: NLM_F_CREATE | NLM_F_EXCL,
  content,
});

/** Sets the step's device up. */
export function setUp(): Message {
  return { type: RTM_NEWLINK, content: info(IFF_UP, IFF_UP, 'device') };
}

/** Gives the step's device, which is down, another name. */
export function rename(name: string): Message {
  return { type: RTM_NEWLINK, content: [...info(0, 0, 'device'), named(name)] };
}

/** A bridge that is up. Its MAC is its own: otherwise it takes the lowest of its ports', and every ARP cache is wrong when one goes. */
export function addBridge(bridge: LinkFace): Message {
  return born([...info(IFF_UP, IFF_UP), ...face(bridge), kind('bridge')]);
}

export interface Veth {
  /** Of the end that stays here. */
  readonly name: string;
  readonly mtu: number;
  /** The container's end, which is down. */
  readonly peer: { readonly name: string; readonly mac: string };
}

/** A pair born where its ends belong: this one up and a port of the step's device, its peer in the clone's network namespace. */
export function addVeth({ name, mtu, peer }: Veth): Message {
  const there = nest(VETH_INFO_PEER, ...info(), ...face({ ...peer, mtu }), attribute(IFLA_NET_NS_PID, 'pid'));
  const here = [named(name), u32(IFLA_MTU, mtu), attribute(IFLA_MASTER, 'device')];
  return born([...info(IFF_UP, IFF_UP), ...here, kind('veth', there)]);
}

export interface Child extends Pick<LinkFace, 'mtu'> {
  /** One that no device here has: before 6.15 a birth elsewhere fails for it. `rename` is for inside. */
  readonly name: string;
}

/** A macvlan(8) device of the step's device, born in the clone's network namespace, down. */
export function addMacvlan(child: Child & LinkFace, mode: keyof typeof MACVLAN_MODES = 'bridge'): Message {
  return born([
    ...info(),
    ...face(child),
    ...elsewhere(kind('macvlan', u32(IFLA_MACVLAN_MODE, MACVLAN_MODES[mode]))),
  ]);
}

/** An ipvlan device, which shares its parent's MAC. */
export function addIpvlan({ name, mtu }: Child, mode: keyof typeof IPVLAN_MODES = 'l2'): Message {
  const link = [named(name), u32(IFLA_MTU, mtu)];
  return born([...info(), ...link, ...elsewhere(kind('ipvlan', u16(IFLA_IPVLAN_MODE, IPVLAN_MODES[mode])))]);
}

const elsewhere = (what: Attribute): Attribute[] => [
  attribute(IFLA_LINK, 'device'),
  attribute(IFLA_NET_NS_PID, 'pid'),
  what,
];

export interface Port {
  readonly name: string;
  /** For `ip link` and for whoever sweeps: whose it is. */
  readonly alias: string;
  /** Talks to none of the bridge's other isolated ports. */
  readonly isolated: boolean;
}

/** What cannot be said when a port of a bridge is born. Hairpin mode is on: a container reaches its own published port. */
export function describePort({ name, alias, isolated }: Port): Message {
  const data = nest(
    IFLA_INFO_SLAVE_DATA,
    u8(IFLA_BRPORT_MODE, 1),
    u8(IFLA_BRPORT_ISOLATED, isolated ? 1 : 0),
  );
  const slave = nest(IFLA_LINKINFO, text(IFLA_INFO_SLAVE_KIND, 'bridge'), data);
  return { type: RTM_NEWLINK, content: [...info(), named(name), alias_(alias), slave] };
}

/** What a device without a master is called beside its name. */
export function describeLink(name: string, alias: string): Message {
  return { type: RTM_NEWLINK, content: [...info(), named(name), alias_(alias)] };
}

/** The kernel wants it without a NUL, and at most 255 bytes. */
const alias_ = (alias: string): Attribute =>
  attribute(IFLA_IFALIAS, Buffer.from(alias, 'utf8').subarray(0, 255));

/** Off its bridge and down: nothing passes any more. It is not destroyed, which takes 30 ms: it ends with its namespace. */
export function takeOff(name: string): Message {
  return { type: RTM_NEWLINK, content: [...info(0, IFF_UP), named(name), u32(IFLA_MASTER, 0)] };
}

/** ENODEV where there is none. A veth takes its peer along; the kernel waits for it, some 30 ms. */
export function removeLink(name: string): Message {
  return { type: RTM_DELLINK, content: [...info(), named(name)] };
}
