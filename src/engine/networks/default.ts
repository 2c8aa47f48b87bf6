import { TinyrunError } from '../../errors.ts';
import { BRIDGE } from '../../network/builtin.ts';
import { networkFacts } from '../../network/facts.ts';
import { hostRoutes, nearRoutes, uplinkMtu } from '../../network/routes.ts';
import { NetworkStore } from '../../network/store.ts';
import { firstHost, freeSubnet, ulaOf } from '../../network/subnet.ts';
import type { NetworkRecord } from '../../network/types.ts';
import type { Roots } from '../../store/paths.ts';
import { rfc3339 } from '../../store/time.ts';

/**
 * What a container is to be attached to. The network that is always there is made when a container needs it for the first time.
 * @throws TinyrunError NETWORK_NOT_FOUND, AMBIGUOUS_ID, SUBNET_TAKEN
 */
export function resolveNetwork(roots: Roots, text: string): NetworkRecord {
  const store = new NetworkStore(roots.dataRoot);
  const network = store.find(text === 'default' ? BRIDGE.name : text);
  return network.id === BRIDGE.id && network.pools.length === 0 ? makeDefault(store) : network;
}

/** The same for who only looks: what is not there yet is thought out, and made by nobody. */
export function findDrafted(roots: Roots, text: string): NetworkRecord {
  const store = new NetworkStore(roots.dataRoot);
  const network = store.find(text === 'default' ? BRIDGE.name : text);
  return network.id === BRIDGE.id && network.pools.length === 0 ? draftDefault(store) : network;
}

function makeDefault(store: NetworkStore): NetworkRecord {
  const lock = store.hold();
  try {
    const known = store.read(BRIDGE.id);
    if (known !== undefined && known.pools.length > 0) return known;
    const made = draftDefault(store);
    store.create(made);
    return made;
  } finally {
    lock.release();
  }
}

/** Its subnet is free when it is chosen, and stays its own. */
function draftDefault(store: NetworkStore): NetworkRecord {
  const routes = hostRoutes();
  const others = store.list(() => {}).flatMap(({ pools }) => pools.map(({ subnet }) => subnet));
  const taken = [...nearRoutes(routes).map(({ to }) => to), ...others];
  const subnet = freeSubnet(4, taken, { ula: ulaOf('0000000000') });
  if (subnet === undefined)
    throw new TinyrunError('SUBNET_TAKEN', 'no private subnet is left for the network bridge', {
      hint: 'remove networks, or make one with a subnet of your own: tinyrun network create',
    });
  const pools = [{ subnet, gateway: firstHost(subnet), reserved: {} }];
  return { ...BRIDGE, created: rfc3339(), link: freeLink(), pools, mtu: uplinkMtu(routes) };
}

/** Another data root of this host may have the first. */
function freeLink(): string {
  const { links } = networkFacts();
  for (let n = 0; ; n++) if (!links.includes(`tinyrun${n}`)) return `tinyrun${n}`;
}
