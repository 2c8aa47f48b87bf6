import { createHash } from 'node:crypto';
import { SETS, type SetName, TABLE } from '../../plan/netlink/sets.ts';

// The one table of ours. Its rules never change: networks and ports are elements of its sets, so that what differs from host to
// host and from minute to minute is data that the kernel looks up. It is nft's own language, as a text: its JSON has no maps to
// concatenations before 1.0.7.
//
//   packet   raw → prerouting ──────────────→ forward ─→ postrouting        chains of ours on its way
//                      └ publish └→ input               ↑
//   of the host                     output → publish ───┘

interface Chain {
  readonly hook?: string;
  /** A line each, and why it is there, which `nft list table inet tinyrun` shows, too. */
  readonly rules: readonly (readonly [rule: string, why: string])[];
}

const CHAINS: Readonly<Record<string, Chain>> = {
  publish: {
    rules: [
      ['dnat ip to ip daddr . meta l4proto . th dport map @at4', 'published on one address'],
      ['dnat ip6 to ip6 daddr . meta l4proto . th dport map @at6', ''],
      ['fib daddr type != local return', 'somebody else is meant'],
      ['meta nfproto ipv4 dnat ip to meta l4proto . th dport map @any4', 'published on all addresses'],
      ['meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @any6', ''],
    ],
  },
  raw: {
    hook: 'filter hook prerouting priority -300',
    // bridges have route_localnet, without which nothing of these would have come here
    rules: [
      ['iifname @bridges ip saddr 127.0.0.0/8 drop', 'no container is the host'],
      ['iifname @bridges ip daddr 127.0.0.0/8 drop', 'nor talks to what the host keeps for itself'],
    ],
  },
  prerouting: {
    hook: 'nat hook prerouting priority -105',
    rules: [
      // translated here, it would pass for no martian later
      ['ip daddr 127.0.0.0/8 return', 'from outside nobody reaches ports of 127.0.0.1'],
      ['meta l4proto { tcp, udp, sctp } jump publish', ''],
    ],
  },
  output: {
    hook: 'nat hook output priority -105',
    rules: [['meta l4proto { tcp, udp, sctp } jump publish', '']],
  },
  postrouting: {
    hook: 'nat hook postrouting priority 100',
    rules: [
      // by address, since with br_netfilter there is no interface here that it came in by
      ['ct status dnat ip saddr . oifname @home4 masquerade', 'back to the network it is from: by way of us'],
      ['ct status dnat ip6 saddr . oifname @home6 masquerade', ''],
      ['oifname @bridges ip saddr 127.0.0.0/8 masquerade', 'no container could answer to 127.0.0.1'],
      ['oifname @bridges ip6 saddr ::1 masquerade', ''],
      ['ip saddr @masq4 oifname != @bridges masquerade', 'the world knows the host alone'],
      ['ip6 saddr @masq6 oifname != @bridges masquerade', ''],
    ],
  },
  forward: {
    hook: 'filter hook forward priority 0',
    rules: [
      [
        'iifname != @bridges oifname != @bridges iifname . oifname @closed drop',
        'what the host did not route before we had it route',
      ],
      ['iifname != @bridges oifname != @bridges accept', 'neither side is ours'],
      ['ct state established,related accept', ''],
      ['iifname . oifname @same accept', 'neighbours: they meet us with br_netfilter only'],
      ['iifname @internal drop', ''],
      ['oifname @internal drop', ''],
      ['ct status dnat accept', 'to a published port'],
      ['oifname @bridges counter drop', 'straight to a container'],
    ],
  },
  input: {
    hook: 'filter hook input priority 0',
    rules: [['iifname @internal ct state new,invalid drop', 'the host is outside, too']],
  },
};

function setText(name: SetName): string {
  const shape: (typeof SETS)[SetName] & { data?: readonly string[]; interval?: true } = SETS[name];
  const led = shape.data ? ` : ${shape.data.join(' . ')}` : '';
  const flags = shape.interval ? ' flags interval;' : '';
  return `  ${shape.data ? 'map' : 'set'} ${name} { type ${shape.key.join(' . ')}${led};${flags} }`;
}

function chainText([name, { hook, rules }]: readonly [string, Chain]): string {
  const lines = rules.map(([rule, why]) => `    ${rule}${why && ` comment "${why}"`}`);
  return [`  chain ${name} {`, ...(hook ? [`    type ${hook}; policy accept;`] : []), ...lines, '  }'].join(
    '\n',
  );
}

/** Sets and chains. */
const BODY = [
  ...(Object.keys(SETS) as SetName[]).map(setText),
  ...Object.entries(CHAINS).map(chainText),
].join('\n');

/** An empty chain, by whose name one knows which table is loaded. */
export const VERSION = `v-${createHash('sha256').update(BODY).digest('hex').slice(0, 12)}`;

/** Puts the table in place of what may be there, in one transaction: the input of `nft -f -`. */
export const BASE = `add table inet ${TABLE}
delete table inet ${TABLE}
table inet ${TABLE} {
${BODY}
  chain ${VERSION} { }
}
`;
