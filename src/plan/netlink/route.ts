import { TinyrunError } from '../../errors.ts';
import { AF_INET6, addressBytes, familyOf } from './address.ts';
import {
  attribute,
  type Message,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  type Piece,
  u32,
  word,
} from './wire.ts';

export const RTM_NEWROUTE = 24;
export const RTM_DELROUTE = 25;
export const RTM_NEWRULE = 32;
export const RTM_DELRULE = 33;

// rtnetlink.h
export const RTA_DST = 1;
const RTA_OIF = 4;
export const RTA_GATEWAY = 5;
export const RTA_PRIORITY = 6;
export const RTA_TABLE = 15;
export const RT_TABLE_MAIN = 254;
export const RT_TABLE_LOCAL = 255;
/** What an administrator made, not a daemon nor the kernel. */
const RTPROT_STATIC = 4;
const [RT_SCOPE_UNIVERSE, RT_SCOPE_HOST] = [0, 254];
const [RTN_UNICAST, RTN_LOCAL] = [1, 2];
// fib_rules.h
export const FRA_SRC = 2;
export const FRA_PRIORITY = 6;
export const FRA_TABLE = 15;
const FR_ACT_TO_TBL = 1;

function bytesOf(text: string): Uint8Array {
  const bytes = addressBytes(text);
  if (bytes === undefined) throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(text)} is no address`);
  return bytes;
}

export interface DefaultRoute {
  readonly gateway: string;
  /** The lowest wins. */
  readonly metric: number;
  /** Default: main. */
  readonly table?: number;
}

const defaultRoute = ({ gateway, metric, table = RT_TABLE_MAIN }: DefaultRoute): Piece[] => {
  const bytes = bytesOf(gateway);
  return [
    // struct rtmsg: family, bits of destination and source, tos, table (in an attribute), protocol, scope, type, flags
    Uint8Array.of(familyOf(bytes), 0, 0, 0, 0, RTPROT_STATIC, RT_SCOPE_UNIVERSE, RTN_UNICAST),
    word(0),
    u32(RTA_TABLE, table),
    attribute(RTA_GATEWAY, bytes),
    attribute(RTA_OIF, 'device'),
    u32(RTA_PRIORITY, metric),
  ];
};

/** Of the gateway's family, by the step's device, with which it goes. */
export function addDefaultRoute(route: DefaultRoute): Message {
  return { type: RTM_NEWROUTE, flags: NLM_F_CREATE | NLM_F_EXCL, content: defaultRoute(route) };
}

export function removeDefaultRoute(route: DefaultRoute): Message {
  return { type: RTM_DELROUTE, content: defaultRoute(route) };
}

/**
 * `local ::1 dev DEVICE table local metric 4096`: what comes back from a container for ::1 is the host's, by the step's device
 * alone. (The kernel looks ::1 up strictly by the link it came in by; its own route is lo's, and has a lower metric.)
 */
export function addLoopbackRoute(): Message {
  return {
    type: RTM_NEWROUTE,
    // one for each bridge, all alike but for the device
    flags: NLM_F_CREATE | NLM_F_APPEND,
    content: [
      Uint8Array.of(AF_INET6, 128, 0, 0, RT_TABLE_LOCAL, RTPROT_STATIC, RT_SCOPE_HOST, RTN_LOCAL),
      word(0),
      attribute(RTA_DST, bytesOf('::1')),
      attribute(RTA_OIF, 'device'),
      u32(RTA_PRIORITY, 4096),
    ],
  };
}

export interface SourceRule {
  readonly from: string;
  readonly table: number;
  /** Of the rule; the kernel asks the lowest first, and main at 32766. */
  readonly priority: number;
}

const sourceRule = ({ from, table, priority }: SourceRule): Piece[] => {
  const bytes = bytesOf(from);
  return [
    // struct fib_rule_hdr: family, bits of destination and source, tos, table (in an attribute), 0, 0, action, flags
    Uint8Array.of(familyOf(bytes), 0, bytes.length * 8, 0, 0, 0, 0, FR_ACT_TO_TBL),
    word(0),
    attribute(FRA_SRC, bytes),
    u32(FRA_TABLE, table),
    u32(FRA_PRIORITY, priority),
  ];
};

/**
 * `ip rule add from ADDRESS lookup TABLE`: replies leave by the network that they were asked in. Rules outlive links: one of the
 * last time that it had this address there is no failure.
 */
export function addSourceRule(rule: SourceRule): Message {
  return { type: RTM_NEWRULE, flags: NLM_F_CREATE, content: sourceRule(rule) };
}

/** ENOENT where there is none. */
export function removeSourceRule(rule: SourceRule): Message {
  return { type: RTM_DELRULE, content: sourceRule(rule) };
}
