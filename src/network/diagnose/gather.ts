import { closeSync, openSync, readdirSync } from 'node:fs';
import { native } from '../../native/index.ts';
import { readIfAny } from '../../store/read.ts';
import { addressOf } from '../address.ts';
import { VERSION } from '../firewall/base.ts';
import { elementsIn, findProgram } from '../firewall/nft.ts';
import type { NamePlaces } from '../names/places.ts';
import { readRoutes4, readRoutes6 } from '../routes.ts';
import type { NetworkRecord } from '../types.ts';
import type { DiagnoseFacts, ListenerFact, NamesFacts, SpaceFacts } from './facts.ts';
import { foreignChains, legacyChains } from './foreign.ts';
import { ask, askIn } from './nft.ts';

// Looks, and changes nothing: links and addresses by rtnetlink, the rest by /proc/PID/net, the rules by nft.

/** Of a process's network namespace, or of one's own. */
export function gatherSpace(pid?: number): SpaceFacts {
  const dir = pid === undefined ? '/proc/thread-self' : `/proc/${pid}`;
  const read = (name: string) => readIfAny(`${dir}/net/${name}`) ?? '';
  const { links, addresses } = listed(`${dir}/ns/net`);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return {
    links: links.map(({ name, up, mtu, master }) => {
      const bridge = names.get(master);
      return { name, up, mtu, ...(bridge !== undefined && { master: bridge }) };
    }),
    addresses: addresses.map(({ index, address, prefix }) => ({
      link: names.get(index) ?? '',
      cidr: `${address}/${prefix}`,
    })),
    routes: [...readRoutes4(read('route')), ...readRoutes6(read('ipv6_route'))].filter(
      ({ device }) => device !== 'lo',
    ),
    neighbours: neighboursOf(read('arp')),
    listeners: (['tcp', 'udp'] as const).flatMap((protocol) =>
      [protocol, `${protocol}6`].flatMap((file) => listenersOf(read(file), protocol)),
    ),
  };
}

function listed(path: string) {
  const { netlink } = native();
  const fd = openSync(path, 'r');
  try {
    return { links: netlink.linkList(fd), addresses: netlink.addressList(fd) };
  } finally {
    closeSync(fd);
  }
}

/** proc_net(5): IP address, HW type, flags, HW address, mask, device. */
export function neighboursOf(text: string): SpaceFacts['neighbours'] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [address, , , mac, , device] = line.split(/\s+/);
      return address && mac && device ? [{ address, mac, device }] : [];
    });
}

/** Sockets of TCP that listen, and those of UDP that are connected to nobody: TCP_LISTEN and TCP_CLOSE of the kernel. */
const STATES = { tcp: '0A', udp: '07' } as const;

export function listenersOf(text: string, protocol: 'tcp' | 'udp'): ListenerFact[] {
  return text.split('\n').flatMap((line) => {
    const [, local = '', , state] = line.trim().split(/\s+/);
    const [, hex = '', port = ''] = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/.exec(local) ?? [];
    if (hex === '' || state !== STATES[protocol]) return [];
    return [{ protocol, address: addressFrom(hex), port: Number.parseInt(port, 16) }];
  });
}

/** Words of 32 bits in the order of the machine, which is little endian wherever this runs. */
function addressFrom(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? [])
    .map((word) => (word.match(/../g) ?? []).reverse().join(''))
    .join('');
  return addressOf(BigInt(`0x${bytes}`), hex.length === 8 ? 4 : 6);
}

const sysctl = (key: string): number | undefined => {
  const text = readIfAny(`/proc/sys/net/${key}`)?.trim();
  return text === undefined || text === '' ? undefined : Number(text);
};

const ofLinks = <T>(networks: readonly NetworkRecord[], read: (link: string) => T): Record<string, T> =>
  Object.fromEntries(networks.flatMap(({ link }) => (link ? [[link, read(link)] as const] : [])));

/** What there is of the host, and of rules. */
export function gatherHost(
  networks: readonly NetworkRecord[],
): Pick<
  DiagnoseFacts,
  | 'host'
  | 'forwards4'
  | 'forwards6'
  | 'bridgeFilter'
  | 'reversePath'
  | 'routeLocalnet'
  | 'table'
  | 'isTableKnown'
  | 'foreign'
> {
  const all = sysctl('ipv4/conf/all/rp_filter') ?? 0;
  return {
    host: gatherSpace(),
    forwards4: sysctl('ipv4/ip_forward') === 1,
    forwards6: sysctl('ipv6/conf/all/forwarding') === 1,
    bridgeFilter: sysctl('bridge/bridge-nf-call-iptables') === 1,
    reversePath: ofLinks(networks, (link) => Math.max(all, sysctl(`ipv4/conf/${link}/rp_filter`) ?? 0)),
    routeLocalnet: ofLinks(networks, (link) => sysctl(`ipv4/conf/${link}/route_localnet`) !== 0),
    ...gatherRules(),
  };
}

/** A rule of our table that says why it is there. */
export interface CountedRule {
  readonly chain: string;
  readonly text: string;
  readonly packets?: number;
  readonly bytes?: number;
}

interface ListedRule {
  readonly rule?: {
    readonly chain: string;
    readonly comment?: string;
    readonly expr: readonly { readonly counter?: { readonly packets: number; readonly bytes: number } }[];
  };
}

/** Of what `nft -j list table inet tinyrun` says. */
export const rulesOf = ({ nftables }: { readonly nftables: readonly ListedRule[] }): CountedRule[] =>
  nftables.flatMap(({ rule }) => {
    const counter = rule?.expr.find((each) => each.counter)?.counter;
    if (!rule?.comment) return [];
    const verdict = VERDICTS.find((word) => rule.expr.some((each) => word in each));
    return [{ chain: rule.chain, text: `${verdict ? `${verdict}: ` : ''}${rule.comment}`, ...counter }];
  });

/** What a rule does with what it is about. */
const VERDICTS = ['drop', 'accept', 'dnat', 'masquerade', 'return'];

/** None where there is no table of ours, or nft does not say. */
export function gatherCounters(): CountedRule[] {
  const nft = findProgram('nft');
  const text = nft && ask(nft, ['-j', 'list', 'table', 'inet', 'tinyrun']);
  return text ? rulesOf(JSON.parse(text)) : [];
}

function gatherRules(): Pick<DiagnoseFacts, 'table' | 'isTableKnown' | 'foreign'> {
  const nft = findProgram('nft');
  const ruleset = nft && ask(nft, ['-j', 'list', 'ruleset']);
  if (nft === undefined || ruleset === undefined) return { isTableKnown: false, foreign: [] };
  const parsed = JSON.parse(ruleset);
  const ours = parsed.nftables.filter((each: Record<string, { table?: string; family?: string }>) =>
    Object.values(each).some((one) => one?.table === 'tinyrun' && one.family === 'inet'),
  );
  const isOurs = ours.some((each: { chain?: { name: string } }) => each.chain?.name === VERSION);
  return {
    isTableKnown: true,
    ...(isOurs && { table: elementsIn({ nftables: ours }) }),
    foreign: [...foreignChains(parsed), ...legacyChains()],
  };
}

/** Of a container that runs, whose namespace a process of it shows. */
export function gatherNames(
  places: NamePlaces,
  container: { readonly id: string; readonly pid: number; readonly servers: readonly string[] },
  networks: readonly string[],
): NamesFacts {
  const nft = findProgram('nft');
  const table = nft && askIn(container.pid, nft, ['list', 'tables']);
  return {
    resolver: isAlive(places.socket),
    view: readIfAny(places.view(container.id)) !== undefined,
    ...(table !== undefined && { table: table.includes('tinyrun-names') }),
    endpoints: Object.fromEntries(networks.map((id) => [id, namesIn(places.network(id))])),
    servers: container.servers,
  };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'));
  } catch {
    return [];
  }
}

const SOCK_SEQPACKET = 5;

/** The kernel refuses connections to a socket of the dead. */
function isAlive(socket: string): boolean {
  try {
    native().close(native().connectUnix(socket, SOCK_SEQPACKET));
    return true;
  } catch {
    return false;
  }
}

/** resolv.conf(5) */
export const serversOf = (text: string): string[] =>
  [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = '']) => address);
