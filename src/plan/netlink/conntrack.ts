import { TinyrunError } from '../../errors.ts';
import { PORT_PROTOCOLS } from '../socket-address.ts';
import { AF_INET, AF_INET6, addressBytes, addressText } from './address.ts';
import { attribute, attributesOf, datagram, HEAD, NLM_F_DUMP, nest, type Piece, u8, u32 } from './wire.ts';

// Which of the connections that the kernel remembers are meant: arguments of a `forgetFlows` step.

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = (NFNL_SUBSYS_CTNETLINK << 8) | 1;
// nfnetlink_conntrack.h
const [CTA_TUPLE_ORIG, CTA_TUPLE_REPLY, CTA_FILTER] = [1, 2, 25];
const [CTA_TUPLE_IP, CTA_TUPLE_PROTO] = [1, 2];
const CTA_IP_V4_SRC = 1;
const [CTA_PROTO_NUM, CTA_PROTO_DST_PORT] = [1, 3];
const [CTA_FILTER_ORIG_FLAGS, CTA_FILTER_REPLY_FLAGS] = [1, 2];
/** Which parts of a tuple count. */
const [BY_IP_SRC, BY_PROTO_NUM, BY_DST_PORT] = [1 << 0, 1 << 3, 1 << 5];

function listing(family: number, ...content: Piece[]): { readonly request: Uint8Array } {
  const generic = Uint8Array.of(family, 0, 0, 0);
  const type = IPCTNL_MSG_CT_GET;
  const { request } = datagram([{ type, flags: NLM_F_DUMP, silent: true, content: [generic, ...content] }]);
  return { request };
}

/** All that was sent to that port of the host, wherever it was led: before it is led elsewhere. The kernel is asked for one family. */
export function flowsToPort(family: 4 | 6, protocol: string, port: number): { readonly request: Uint8Array } {
  const proto = nest(
    CTA_TUPLE_PROTO,
    u8(CTA_PROTO_NUM, PORT_PROTOCOLS[protocol] ?? 0),
    attribute(CTA_PROTO_DST_PORT, Uint8Array.of(port >> 8, port & 255)),
  );
  const flags = u32(CTA_FILTER_ORIG_FLAGS, BY_PROTO_NUM | BY_DST_PORT);
  return listing(family === 4 ? AF_INET : AF_INET6, nest(CTA_TUPLE_ORIG, proto), nest(CTA_FILTER, flags));
}

/** All that was led to that address of IPv4: whoever gets it next is somebody else. */
export function flowsToAddress(address: string): { readonly request: Uint8Array } {
  const bytes = addressBytes(address);
  if (bytes?.length !== 4)
    throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(address)} is no address of IPv4`);
  const tuple = nest(CTA_TUPLE_REPLY, nest(CTA_TUPLE_IP, attribute(CTA_IP_V4_SRC, bytes)));
  return listing(AF_INET, tuple, nest(CTA_FILTER, u32(CTA_FILTER_REPLY_FLAGS, BY_IP_SRC)));
}

/** `to udp 53 of IPv6`, `to 172.18.0.5`, of what is made here. */
export function describeFlows(request: Uint8Array): string {
  const attributes = attributesOf(request.subarray(HEAD + 4));
  const inside = (...path: number[]) =>
    path.reduce((at, type) => attributesOf(at.get(type) ?? new Uint8Array()), attributes);
  const proto = inside(CTA_TUPLE_ORIG, CTA_TUPLE_PROTO);
  const [number] = proto.get(CTA_PROTO_NUM) ?? [];
  const [high = 0, low = 0] = proto.get(CTA_PROTO_DST_PORT) ?? [];
  const name = Object.entries(PORT_PROTOCOLS).find(([, each]) => each === number)?.[0];
  if (name !== undefined) return `to ${name} ${(high << 8) | low} of IPv${request[HEAD] === AF_INET ? 4 : 6}`;
  const [address] = inside(CTA_TUPLE_REPLY, CTA_TUPLE_IP).values();
  return `to ${addressText(address) ?? '?'}`;
}
