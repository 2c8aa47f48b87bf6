import type { Contribution } from '../../plan/contribution.ts';
import { addAddress } from '../../plan/netlink/address.ts';
import {
  addBridge,
  addVeth,
  describeLink,
  describePort,
  removeLink,
  setUp,
  takeOff,
} from '../../plan/netlink/link.ts';
import { addDefaultRoute, addLoopbackRoute, addSourceRule } from '../../plan/netlink/route.ts';
import { elementBatch } from '../../plan/netlink/sets.ts';
import { datagram, type Message, NETLINK_ROUTE } from '../../plan/netlink/wire.ts';
import type { StepArgs } from '../../plan/steps.gen.ts';
import type { Lane, Step, Undo } from '../../plan/types.ts';
import { familyOf, hostOf, prefixOf } from '../address.ts';
import { closedElements } from '../firewall/elements.ts';
import { addNetwork, addPorts } from '../firewall/steps.ts';
import { bindings, reserve } from '../ports.ts';
import type { Attachment, NetworkDriver, NetworkFacts, NetworkRecord } from '../types.ts';

/** Docker's kind of network: a bridge of the host, a pair of interfaces for each container, and the host as its router. */
export const bridge: NetworkDriver = {
  livePorts: true,
  closes: (network, host) => (turnsOn(network, host).length > 0 ? othersLinks(network, host) : []),
  up: (network, host) => ({
    before: [
      makeBridge(network),
      ...settings(network, host),
      addressesOf(network, host),
      ...addNetwork(network),
      ...forwarding(network, host),
    ],
  }),
  attach(network, attachment, ports, host): Contribution {
    const bound = bindings(ports, network, host);
    return {
      slots: bound.length,
      before: bound.map(reserve),
      born: [pair(network, attachment), ...addPorts(network, attachment, bound)],
      inside: inside(attachment, host),
    };
  },
};

export const netlink = (device: string, messages: readonly Message[]): StepArgs['netlink'] => ({
  protocol: NETLINK_ROUTE,
  ...datagram(messages),
  device,
});

export const step = (lane: Lane, args: StepArgs['netlink'], why: string, undo?: readonly Undo[]): Step => ({
  op: 'netlink',
  lane,
  args,
  why,
  ...(undo && { undo }),
});

/** What does not change as ports come and go; of the id, so that it is the same after a reboot. */
const bridgeMac = (id: string): string => `02:42:${id.slice(0, 8).replace(/..(?!$)/g, '$&:')}`;

function makeBridge({ link, mtu, id, name }: NetworkRecord): Step {
  const messages = [
    addBridge({ name: link, mac: bridgeMac(id), mtu }),
    describeLink(link, `tinyrun ${name}`),
  ];
  return step('host', netlink('', messages), `the bridge of the network ${name}, up, with a MAC of its own`, [
    { op: 'netlink', args: netlink('', [removeLink(link)]) },
  ]);
}

const hasFamily = (network: NetworkRecord, family: 4 | 6): boolean =>
  network.pools.some(({ subnet }) => familyOf(subnet) === family);

const write = (path: string, value: string, why: string): Step => ({
  op: 'writeFile',
  lane: 'host',
  args: { path: `/proc/sys/net/${path}`, value },
  why,
});

/** Before the bridge has addresses. A dot in its name is none of a path. */
function settings(network: NetworkRecord, { ipv6 }: NetworkFacts): Step[] {
  const { link } = network;
  const v6 = hasFamily(network, 6)
    ? [
        write(`ipv6/conf/${link}/accept_ra`, '0', 'no container is its router'),
        write(`ipv6/conf/${link}/accept_dad`, '0', 'hairpin ports would give its own probes back to it'),
      ]
    : [write(`ipv6/conf/${link}/disable_ipv6`, '1', 'the network has no IPv6')];
  return [
    write(`ipv4/conf/${link}/route_localnet`, '1', 'ports that are published on 127.0.0.1 lead here'),
    ...(ipv6 ? v6 : []),
  ];
}

/** The gateways. */
function addressesOf(network: NetworkRecord, { ipv6 }: NetworkFacts): Step {
  const own = network.pools.flatMap(({ subnet, gateway }) =>
    gateway === undefined || (familyOf(gateway) === 6 && !ipv6) ? [] : [`${gateway}/${prefixOf(subnet)}`],
  );
  const loopback = ipv6 && hasFamily(network, 6) ? [addLoopbackRoute()] : [];
  const messages = [...own.map(addAddress), ...loopback, setUp()];
  return step('host', netlink(network.link, messages), 'the host is their gateway');
}

/** What the host does not do yet. */
const turnsOn = (network: NetworkRecord, host: NetworkFacts): string[] =>
  network.internal
    ? []
    : [
        ...(hasFamily(network, 4) && !host.forwards4 ? ['ipv4/ip_forward'] : []),
        ...(hasFamily(network, 6) && !host.forwards6 && host.ipv6 ? ['ipv6/conf/all/forwarding'] : []),
      ];

/** It stays: by then others may rely on it. */
function forwarding(network: NetworkRecord, host: NetworkFacts): Step[] {
  const turned = turnsOn(network, host).map((path) => write(path, '1', 'the host routes for its containers'));
  return turned.length === 0 ? [] : [...closing(network, host), ...turned];
}

const othersLinks = ({ link }: NetworkRecord, { links }: NetworkFacts): string[] =>
  links.filter((each) => each !== 'lo' && each !== link);

/** Where it is us who have the host route, nothing goes by that between links that there were: not taken back, as that is not. */
function closing(network: NetworkRecord, host: NetworkFacts): Step[] {
  const closed = closedElements(othersLinks(network, host));
  if (closed.length === 0) return [];
  const why = 'the host does not become a router between others';
  return [
    { op: 'netlink', lane: 'host', args: elementBatch({ add: closed }, { again: true }), why, mayFail: true },
  ];
}

/** Born where its ends belong. Never RTM_DELLINK on the way back, which waits 30 ms for the kernel: see design rule 1. */
function pair({ link, name, mtu, icc }: NetworkRecord, { hostLink, as, mac }: Attachment): Step {
  const messages = [
    addVeth({ name: hostLink, mtu, peer: { name: as, mac } }),
    describePort({ name: hostLink, alias: `tinyrun ${name}`, isolated: !icc }),
  ];
  const back = netlink('', [takeOff(hostLink)]);
  return step('host', netlink(link, messages), `its link to the network ${name}, born at both ends`, [
    { op: 'netlink', args: back },
  ]);
}

const sysctl = (key: string, value: string, why: string): Step => ({
  op: 'sysctl',
  lane: 'container',
  args: { key, value },
  why,
});

/** Slashes, since the name of an interface may have dots. */
export function inside(attachment: Attachment, { ipv6 }: NetworkFacts): Step[] {
  const { as, gateways, metric } = attachment;
  const isThere = (each: string) => ipv6 || familyOf(each) === 4;
  const addresses = attachment.addresses.filter(isThere);
  const routes = gateways.filter(isThere);
  const messages = [
    ...addresses.map(addAddress),
    setUp(),
    ...routes.map((gateway) => addDefaultRoute({ gateway, metric })),
    ...repliesOf(attachment, routes),
  ];
  return [
    ...(ipv6 ? ipv6Settings(as, addresses) : []),
    sysctl(`net/ipv4/conf/${as}/arp_notify`, '1', 'who remembers its address with another MAC hears of it'),
    step('container', netlink(as, messages), 'its addresses, and the way out'),
  ];
}

function ipv6Settings(as: string, addresses: readonly string[]): Step[] {
  if (!addresses.some((each) => familyOf(each) === 6))
    return [sysctl(`net/ipv6/conf/${as}/disable_ipv6`, '1', 'the network has no IPv6')];
  return [
    sysctl(`net/ipv6/conf/${as}/accept_dad`, '0', 'its addresses are assigned, not guessed'),
    sysctl(`net/ipv6/conf/${as}/accept_ra`, '0', 'its routes, too'),
  ];
}

/** Of the first table, and of the rules, which stand before main's. */
const TABLES = 100;

/** From the second interface on: replies leave by the network that they were asked in, whatever is the default. */
function repliesOf({ as, addresses, metric }: Attachment, routes: readonly string[]): Message[] {
  if (as === 'eth0') return [];
  // no two of a container have one metric
  const table = TABLES + metric;
  return [
    ...routes.map((gateway) => addDefaultRoute({ gateway, metric, table })),
    ...addresses
      .filter((each) => routes.some((gateway) => familyOf(gateway) === familyOf(each)))
      .map((each) => addSourceRule({ from: hostOf(each), table, priority: table })),
  ];
}
