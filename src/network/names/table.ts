import {
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  NFT_MSG_NEWCHAIN,
  NFT_MSG_NEWRULE,
  NFT_MSG_NEWTABLE,
} from '../../plan/netlink/sets.ts';
import {
  type Attribute,
  attribute,
  datagram,
  type Message,
  NETLINK_NETFILTER,
  NLM_F_CREATE,
  nest,
  text,
} from '../../plan/netlink/wire.ts';
import type { StepArgs } from '../../plan/steps.gen.ts';
import { RESOLVER_ADDRESS } from './places.ts';

// In a container 127.0.0.11:53 is the resolver's socket, which listens on another port: a program of the container may have port
// 53 of all its addresses for itself. Ports are rewritten packet by packet, without connection tracking.

/** Where the resolver's sockets of a container listen, at 127.0.0.11. */
export const RESOLVER_PORT = 61053;
const DNS_PORT = 53;

const NFNL_SUBSYS_NFTABLES = 10;
const NLM_F_APPEND = 0x800;

const [NFTA_TABLE_NAME] = [1];
const [NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK, NFTA_CHAIN_TYPE] = [1, 3, 4, 7];
const [NFTA_HOOK_HOOKNUM, NFTA_HOOK_PRIORITY] = [1, 2];
const [NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS] = [1, 2, 4];
const [NFTA_LIST_ELEM, NFTA_EXPR_NAME, NFTA_EXPR_DATA, NFTA_DATA_VALUE] = [1, 1, 2, 1];
const [NFTA_PAYLOAD_DREG, NFTA_PAYLOAD_BASE, NFTA_PAYLOAD_OFFSET, NFTA_PAYLOAD_LEN] = [1, 2, 3, 4];
const [NFTA_PAYLOAD_SREG, NFTA_PAYLOAD_CSUM_TYPE, NFTA_PAYLOAD_CSUM_OFFSET] = [5, 6, 7];
const [NFTA_CMP_SREG, NFTA_CMP_OP, NFTA_CMP_DATA, NFT_CMP_EQ] = [1, 2, 3, 0];
const [NFTA_META_DREG, NFTA_META_KEY, NFT_META_L4PROTO] = [1, 2, 16];
const [NFTA_IMMEDIATE_DREG, NFTA_IMMEDIATE_DATA] = [1, 2];
const [NFT_REG_1, NFT_PAYLOAD_CSUM_INET] = [1, 1];
const [NETWORK_HEADER, TRANSPORT_HEADER] = [1, 2];
const NF_INET_LOCAL_OUT = 3;
const RAW = -300;
const NFPROTO_IPV4 = 2;

const TABLE = 'tinyrun-names';
const CHAIN = 'output';

/** As the network has it. */
const bigEndian = (value: number): Uint8Array =>
  Uint8Array.of((value >> 24) & 255, (value >> 16) & 255, (value >> 8) & 255, value & 255);
const number = (type: number, value: number): Attribute => attribute(type, bigEndian(value));
const port = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);

const message = (type: number, flags: number, ...content: Attribute[]): Message => ({
  type,
  flags,
  content: [Uint8Array.of(NFPROTO_IPV4, 0, 0, 0), ...content],
});

const edge = (type: number): Message => ({
  type,
  silent: true,
  content: [Uint8Array.of(0, 0, 0, NFNL_SUBSYS_NFTABLES)],
});

const expression = (name: string, ...data: Attribute[]): Attribute =>
  nest(NFTA_LIST_ELEM, text(NFTA_EXPR_NAME, name), nest(NFTA_EXPR_DATA, ...data));

const load = (base: number, offset: number, size: number): Attribute =>
  expression(
    'payload',
    number(NFTA_PAYLOAD_DREG, NFT_REG_1),
    number(NFTA_PAYLOAD_BASE, base),
    number(NFTA_PAYLOAD_OFFSET, offset),
    number(NFTA_PAYLOAD_LEN, size),
  );

const equals = (value: Uint8Array): Attribute =>
  expression(
    'cmp',
    number(NFTA_CMP_SREG, NFT_REG_1),
    number(NFTA_CMP_OP, NFT_CMP_EQ),
    nest(NFTA_CMP_DATA, attribute(NFTA_DATA_VALUE, value)),
  );

/** Which field of the headers is looked at: the destination of what the container asks, the source of what it is answered. */
const FIELDS = {
  daddr: { address: 16, port: 2 },
  saddr: { address: 12, port: 0 },
} as const;

/** Offset of the checksum in the header. */
const PROTOCOLS = { udp: { number: 17, checksum: 6 }, tcp: { number: 6, checksum: 16 } } as const;

/** `ip daddr 127.0.0.11 udp dport 53 udp dport set 61053` */
function rewrite(
  side: keyof typeof FIELDS,
  protocol: keyof typeof PROTOCOLS,
  from: number,
  to: number,
): Message {
  const at = FIELDS[side];
  const { number: l4, checksum } = PROTOCOLS[protocol];
  return message(
    NFT_MSG_NEWRULE,
    NLM_F_CREATE | NLM_F_APPEND,
    text(NFTA_RULE_TABLE, TABLE),
    text(NFTA_RULE_CHAIN, CHAIN),
    nest(
      NFTA_RULE_EXPRESSIONS,
      load(NETWORK_HEADER, at.address, 4),
      equals(Uint8Array.from(RESOLVER_ADDRESS.split('.'), Number)),
      expression('meta', number(NFTA_META_DREG, NFT_REG_1), number(NFTA_META_KEY, NFT_META_L4PROTO)),
      equals(Uint8Array.of(l4)),
      load(TRANSPORT_HEADER, at.port, 2),
      equals(port(from)),
      expression(
        'immediate',
        number(NFTA_IMMEDIATE_DREG, NFT_REG_1),
        nest(NFTA_IMMEDIATE_DATA, attribute(NFTA_DATA_VALUE, port(to))),
      ),
      expression(
        'payload',
        number(NFTA_PAYLOAD_SREG, NFT_REG_1),
        number(NFTA_PAYLOAD_BASE, TRANSPORT_HEADER),
        number(NFTA_PAYLOAD_OFFSET, at.port),
        number(NFTA_PAYLOAD_LEN, 2),
        number(NFTA_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET),
        number(NFTA_PAYLOAD_CSUM_OFFSET, checksum),
      ),
    ),
  );
}

/** The table of a container's network namespace: one batch, always the same. */
export function namesTable(): StepArgs['netlink'] {
  const [out, back] = [
    [DNS_PORT, RESOLVER_PORT],
    [RESOLVER_PORT, DNS_PORT],
  ] as const;
  const messages = [
    edge(NFNL_MSG_BATCH_BEGIN),
    message(NFT_MSG_NEWTABLE, NLM_F_CREATE, text(NFTA_TABLE_NAME, TABLE)),
    message(
      NFT_MSG_NEWCHAIN,
      NLM_F_CREATE,
      text(NFTA_CHAIN_TABLE, TABLE),
      text(NFTA_CHAIN_NAME, CHAIN),
      nest(NFTA_CHAIN_HOOK, number(NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT), number(NFTA_HOOK_PRIORITY, RAW)),
      text(NFTA_CHAIN_TYPE, 'filter'),
    ),
    rewrite('daddr', 'udp', ...out),
    rewrite('daddr', 'tcp', ...out),
    rewrite('saddr', 'udp', ...back),
    rewrite('saddr', 'tcp', ...back),
    edge(NFNL_MSG_BATCH_END),
  ];
  return { protocol: NETLINK_NETFILTER, device: '', ...datagram(messages) };
}
