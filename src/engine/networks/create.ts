import { existsSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import { type Family, familyOf } from '../../network/address.ts';
import { networkFacts } from '../../network/facts.ts';
import { hostRoutes, nearRoutes, type Route, uplinkMtu } from '../../network/routes.ts';
import { NetworkStore, newNetworkId } from '../../network/store.ts';
import { readCidr, sizeOnly, ulaOf } from '../../network/subnet.ts';
import type { NetworkRecord } from '../../network/types.ts';
import type { Roots } from '../../store/paths.ts';
import { readIfAny } from '../../store/read.ts';
import { rfc3339 } from '../../store/time.ts';
import { tellNetwork } from './networks.ts';
import { bridgeSettings, macvlanSettings } from './options.ts';
import { type PoolOptions, poolsOf, type Taken } from './pools.ts';

export interface NetworkOptions {
  readonly name: string;
  /** `bridge` without, which is the one there is. */
  readonly driver?: string | undefined;
  /** One of each family at most; what is missing of a family that there is to be is chosen. */
  readonly pools?: readonly PoolOptions[] | undefined;
  /** `true` without. */
  readonly ipv4?: boolean | undefined;
  /** Without: where a pool of it is asked for. */
  readonly ipv6?: boolean | undefined;
  /** Nothing but its own containers is reached from it. */
  readonly internal?: boolean | undefined;
  /** Of the driver: `com.docker.network.bridge.name`, `com.docker.network.driver.mtu` … */
  readonly options?: Readonly<Record<string, string>> | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes a network, as a record: nothing is in the kernel until its first container. Answers its id.
 * @param warn is told of options that mean nothing here
 * @throws TinyrunError for what cannot be; nothing is made then
 */
export function createNetwork(
  roots: Roots,
  options: NetworkOptions,
  warn: (message: string) => void = () => {},
): string {
  const store = new NetworkStore(roots.dataRoot);
  checkDriver(options.driver);
  const lock = store.hold();
  try {
    store.checkFree(options.name);
    const { record, unknown } = recordOf(store, options, newNetworkId(), roots);
    for (const key of unknown) warn(`the option ${key} means nothing to the driver ${record.driver}`);
    store.create(record);
    tellNetwork(roots, 'create', record);
    return record.id;
  } finally {
    lock.release();
  }
}

/** Of those that Docker has, and is not refused for its own reasons. */
const PLANNED = ['ipvlan'];
const ONLY_ONE = ['host', 'null'];

/** In Docker's words. */
function checkDriver(driver = 'bridge'): void {
  if (driver === 'bridge' || driver === 'macvlan') return;
  if (PLANNED.includes(driver))
    throw new TinyrunError('UNSUPPORTED', `the driver ${driver} is not there yet`, {
      hint: 'bridge and macvlan are the drivers there are',
    });
  if (ONLY_ONE.includes(driver === 'none' ? 'null' : driver))
    throw new TinyrunError('USAGE', `only one instance of "${driver}" network is allowed`, {
      hint: 'it is always there: a container may have it without more',
    });
  if (driver === 'overlay')
    throw new TinyrunError('UNSUPPORTED', 'the driver overlay is for clusters (swarm), which there are not');
  throw new TinyrunError('USAGE', `plugin ${JSON.stringify(driver)} not found`, {
    hint: 'bridge and macvlan are the drivers there are',
  });
}

function recordOf(
  store: NetworkStore,
  options: NetworkOptions,
  id: string,
  { dataRoot }: Roots,
): { record: NetworkRecord; unknown: readonly string[] } {
  const { name, pools = [], internal = false, options: given = {}, labels = {} } = options;
  const families = familiesOf(options);
  const others = knownNetworks(store);
  const routes = hostRoutes();
  const isChild = options.driver === 'macvlan';
  const { unknown, ...settings } = isChild
    ? macvlanSettings(given, families.includes(6))
    : bridgeSettings(given, families.includes(6));
  const link = isChild
    ? checkParent(settings.link, others)
    : settings.link === undefined
      ? `br-${id.slice(0, 12)}`
      : checkLink(settings.link, others);
  // the LAN of its parent is what it is for
  const far = routes.filter(({ device }) => !isChild || device !== link);
  const record: NetworkRecord = {
    version: 1,
    id,
    name,
    created: rfc3339(),
    driver: isChild ? 'macvlan' : 'bridge',
    link,
    pools: poolsOf({ pools, families, taken: takenBy(others, far), ula: ownUla(dataRoot) }),
    internal,
    icc: settings.icc ?? true,
    masquerade: !isChild && (settings.masquerade ?? true),
    ...(settings.bindHost !== undefined && { bindHost: settings.bindHost }),
    mtu: settings.mtu ?? uplinkMtu(routes),
    options: given,
    labels,
  };
  return { record, unknown };
}

/** Whoever chooses a subnet must know all that are taken. @throws TinyrunError STORE_DAMAGED */
const knownNetworks = (store: NetworkStore): NetworkRecord[] =>
  store.list((error) => {
    throw error;
  });

function familiesOf({ ipv4 = true, ipv6, pools = [] }: NetworkOptions): Family[] {
  const asks6 = pools.some(({ subnet = '' }) => familyOfSubnet(subnet) === 6);
  const families: Family[] = [...(ipv4 ? [4 as const] : []), ...((ipv6 ?? asks6) ? [6 as const] : [])];
  if (families.length > 0) return families;
  throw new TinyrunError('USAGE', 'IPv4 or IPv6 must be enabled', { hint: 'enable one of them' });
}

function familyOfSubnet(text: string): Family | undefined {
  const cidr = readCidr(text);
  return cidr === undefined ? sizeOnly(text)?.family : familyOf(cidr);
}

const takenBy = (networks: readonly NetworkRecord[], routes: readonly Route[]): Taken[] => [
  ...networks.flatMap(({ name, pools }) =>
    pools.map(({ subnet }) => ({ subnet, by: `that of the network ${name}` })),
  ),
  ...nearRoutes(routes).map(({ to, device }) => ({ subnet: to, by: `a route of the host by ${device}` })),
];

/** The same for a host and its data root each time, and nobody else's. */
function ownUla(dataRoot: string) {
  const machine = readIfAny('/etc/machine-id') ?? readIfAny('/proc/sys/kernel/hostname') ?? '';
  return ulaOf(native().fnv1a(`${machine.trim()} ${dataRoot}`).slice(0, 10));
}

/** In Docker's words. @throws TinyrunError USAGE, UNSUPPORTED */
function checkParent(link: string | undefined, networks: readonly NetworkRecord[]): string {
  if (link === undefined)
    throw new TinyrunError('UNSUPPORTED', 'a macvlan network without a parent is not there yet', {
      hint: '-o parent=eth0 names the link of the host whose LAN it is to be in',
    });
  if (!networkFacts().links.includes(link))
    throw new TinyrunError('USAGE', `invalid parent ${link}: the host has no such link`, {
      hint: 'ip link lists those there are; a VLAN is made by ip link add link eth0 name eth0.50 type vlan id 50',
    });
  const other = networks.find((network) => network.driver === 'macvlan' && network.link === link);
  if (other === undefined) return link;
  throw new TinyrunError('USAGE', `network ${other.name} is already using parent interface ${link}`);
}

function checkLink(link: string, networks: readonly NetworkRecord[]): string {
  const other = networks.find((network) => network.link === link);
  const holder =
    other !== undefined
      ? `the network ${other.name} has it`
      : existsSync(`/sys/class/net/${link}`)
        ? 'a link of the host has it'
        : undefined;
  if (holder === undefined) return link;
  throw new TinyrunError('USAGE', `the bridge name ${link} is in use: ${holder}`, {
    hint: 'choose another com.docker.network.bridge.name, or leave it out',
  });
}
