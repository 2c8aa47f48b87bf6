import { familyOf, isWithin, prefixOf } from '../../network/address.ts';
import { driverOf } from '../../network/drivers/index.ts';
import { bestGateway, interfaceName, macOf, metricsOf, newHostLink } from '../../network/endpoint.ts';
import { networkFacts } from '../../network/facts.ts';
import type { Attachment, BoundPort, Cidr, NetworkRecord, Pool } from '../../network/types.ts';
import type { Contribution } from '../../plan/contribution.ts';
import { ConfigError } from '../config/error.ts';
import type { ContainerConfig, NetworkConfig, PortConfig } from '../config/types.ts';

/** A network, and what a container asks to have there. */
export interface Joined {
  readonly network: NetworkRecord;
  readonly config: NetworkConfig;
}

/** Answers an address of a pool. */
export type LeaseFrom = (network: NetworkRecord, pool: Pool, wanted: string | undefined) => string;

/** In the run directory of the container, with which it goes. */
export const ownLease = (run: string, { id }: Pick<NetworkRecord, 'id'>, { subnet }: Pool): string =>
  `${run}/lease-${id}-${familyOf(subnet)}`;

export function checkAddresses(
  { pools, name }: NetworkRecord,
  { ipv4, ipv6 }: NetworkConfig,
  place: string,
): void {
  for (const [field, wanted] of [
    ['ipv4', ipv4],
    ['ipv6', ipv6],
  ] as const) {
    if (wanted === undefined || pools.some(({ subnet }) => isWithin(wanted, subnet))) continue;
    const problem = `no configured subnet contains the address ${wanted}`;
    const subnets = pools.map(({ subnet }) => subnet).join(' and ');
    throw new ConfigError(`${place}.${field}`, problem, {
      hint: `the network ${name} has ${subnets || 'no addresses'}`,
    });
  }
}

export function attachmentsOf(joined: readonly Joined[], leaseFrom: LeaseFrom): Attachment[] {
  const metrics = metricsOf(
    joined.map(({ network, config }) => ({ network: network.name, priority: config.gatewayPriority ?? 0 })),
  );
  const names = joined.flatMap(({ config }) => config.interfaceName ?? []);
  return joined.map(({ network, config }) => {
    const as = config.interfaceName ?? interfaceName(names);
    names.push(as);
    return attachmentOf(network, config, { as, metric: metrics.get(network.name) ?? 0 }, leaseFrom);
  });
}

/** One more container in a network. */
export function attachmentOf(
  network: NetworkRecord,
  { ipv4, ipv6, mac, aliases = [] }: NetworkConfig,
  place: Pick<Attachment, 'as' | 'metric'>,
  leaseFrom: LeaseFrom,
): Attachment {
  const addresses = network.pools.map((pool): Cidr => {
    const wanted = familyOf(pool.subnet) === 4 ? ipv4 : ipv6;
    return `${leaseFrom(network, pool, wanted)}/${prefixOf(pool.subnet)}`;
  });
  const gateways = network.internal ? [] : network.pools.flatMap(({ gateway }) => gateway ?? []);
  return {
    network: network.id,
    hostLink: newHostLink(),
    mac: mac?.toLowerCase().replaceAll('-', ':') ?? macOf(addresses),
    addresses,
    gateways,
    aliases,
    ...place,
  };
}

/** What was asked for, and with `publishAll` every port that is exposed and is not among that. */
export function wantedPorts(
  { ports = [], publishAll = false, publishHost: address }: ContainerConfig,
  exposed: readonly string[],
): PortConfig[] {
  const isPublished = (container: number, protocol: string) =>
    ports.some(
      (port) =>
        port.protocol === protocol && container >= port.container && container < port.container + port.count,
    );
  const more = (publishAll ? exposed : []).flatMap((text): PortConfig[] => {
    const [container = '', protocol = 'tcp'] = text.split('/');
    return isPublished(Number(container), protocol)
      ? []
      : [{ protocol: protocol as PortConfig['protocol'], container: Number(container), count: 1, address }];
  });
  return [...ports, ...more];
}

/** Published ports lead to where its packets leave. */
export const portsLeadTo = (attachments: readonly Attachment[]): Attachment | undefined =>
  bestGateway(attachments, 4)?.attachment ?? bestGateway(attachments, 6)?.attachment ?? attachments[0];

/** Of a network that says where ports are published, those that name no address are there: everybody goes by the record. */
export function placed(
  ports: readonly BoundPort[],
  joined: readonly Joined[],
  attachments: readonly Attachment[],
): BoundPort[] {
  const target = portsLeadTo(attachments);
  const { bindHost, driver } = joined.find(({ network }) => network.id === target?.network)?.network ?? {};
  // as with Docker: no port of the host leads to who is its neighbour on the LAN
  if (driver === 'macvlan') return [];
  return ports.map((port) => ({ ...(bindHost !== undefined && { address: bindHost }), ...port }));
}

export function contributionsOf(
  joined: readonly Joined[],
  attachments: readonly Attachment[],
  ports: readonly BoundPort[],
): Contribution[] {
  const facts = networkFacts();
  const target = portsLeadTo(attachments);
  return attachments.flatMap((attachment, index) => {
    const network = joined[index]?.network;
    if (network === undefined) return [];
    return driverOf(network).attach(network, attachment, attachment === target ? ports : [], facts);
  });
}

/** A journal's entry of a network of a container that ran before it came. */
export const entryOf = ({ id }: Pick<NetworkRecord, 'id'>): string => `net-${id.slice(0, 12)}`;
