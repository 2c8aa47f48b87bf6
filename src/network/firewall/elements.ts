import type { Element } from '../../plan/netlink/sets.ts';
import { addressOf, familyOf, hostOf, rangeOf } from '../address.ts';
import type { Address, Attachment, BoundPort, Cidr, NetworkRecord } from '../types.ts';

// What records come to in our table. Pure: the same records, the same elements.

/** A port and the endpoint that it leads to: the one with the best gateway. */
export interface PublishedPort {
  readonly port: BoundPort;
  readonly to: Attachment;
}

const ends = (subnet: Cidr): [Address, Address] => {
  const { family, first, last } = rangeOf(subnet);
  return [addressOf(first, family), addressOf(last, family)];
};

/** What the table knows of a network, whether or not anything is in it: at most nine elements. Nothing of those without a bridge. */
export function networkElements(network: NetworkRecord): Element[] {
  const { driver, link, icc, internal, masquerade, pools } = network;
  if (driver !== 'bridge') return [];
  const subnets = pools.flatMap(({ subnet }): Element[] => {
    const family = familyOf(subnet);
    const [first, last] = ends(subnet);
    const home: Element = { set: `home${family}`, key: [first, link], end: [last, link] };
    const leaves = masquerade && !internal;
    return leaves ? [home, { set: `masq${family}`, key: [first], end: [last] }] : [home];
  });
  return [
    { set: 'bridges', key: [link] },
    ...(icc ? [{ set: 'same', key: [link, link] } as const] : []),
    ...(internal ? [{ set: 'internal', key: [link] } as const] : []),
    ...subnets,
  ];
}

/** All addresses of one family. */
const EVERY: Readonly<Record<Address, 4 | 6>> = { '0.0.0.0': 4, '::': 6 };

/** A port that names no address is one of each family that its container has; one of a family that it lacks leads nowhere. */
export function portElements({ port, to }: PublishedPort): Element[] {
  const { protocol, host, container, address } = port;
  return to.addresses.flatMap((cidr): Element[] => {
    const family = familyOf(cidr);
    const data = [hostOf(cidr), container];
    if (address === undefined || EVERY[address] === family)
      return [{ set: `any${family}`, key: [protocol, host], data }];
    if (EVERY[address] !== undefined || familyOf(address) !== family) return [];
    return [{ set: `at${family}`, key: [address, protocol, host], data }];
  });
}

/** All that the table has of a network and its ports. Nobody outside an internal one reaches a port of it. */
export function elementsOf(network: NetworkRecord, ports: readonly PublishedPort[]): Element[] {
  const published = network.driver === 'bridge' && !network.internal ? ports : [];
  return [...networkElements(network), ...published.flatMap(portElements)];
}

/**
 * Every way between links of the host that are none of ours: what it begins to route when we turn forwarding on, and shall not.
 * A link that comes later is its maker's business.
 */
export function closedElements(links: readonly string[]): Element[] {
  return links.flatMap((from) =>
    links.filter((to) => to !== from).map((to): Element => ({ set: 'closed', key: [from, to] })),
  );
}
