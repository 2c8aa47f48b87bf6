// What is there of networks, wherever it is kept, and what should be by the records of what runs: two texts that agree.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { ContainerRecord } from '../../src/engine/record.ts';
import { elementsOf } from '../../src/network/firewall/elements.ts';
import { elementsIn } from '../../src/network/firewall/nft.ts';
import type { Attachment, NetworkRecord } from '../../src/network/types.ts';
import { identityOf } from '../../src/plan/netlink/sets.ts';
import type { Netns } from './netns.ts';

export interface Placed {
  readonly netns: Netns;
  /** With `data` and `run` below. */
  readonly dir: string;
}

/** Sorted lines of each kind. */
export interface NetworkState {
  readonly bridges: readonly string[];
  readonly links: readonly string[];
  readonly elements: readonly string[];
  readonly leases: readonly string[];
  readonly names: readonly string[];
  readonly views: readonly string[];
  readonly networks: readonly string[];
}

const list = (...names: string[]): string[] => {
  const dir = path.join(...names);
  return statSync(dir, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(dir) : [];
};
/** A file that somebody was killed at as he wrote it is no name, and goes with the network, or by age. */
const seen = (...names: string[]): string[] => list(...names).filter((name) => !name.startsWith('.tmp-'));
const read = <T>(...names: string[]): T => JSON.parse(readFileSync(path.join(...names), 'utf8'));
const hosts = (cidr: string): string => cidr.split('/')[0] ?? '';

/** Addresses that somebody has, below a directory of networks, as `NETWORK ADDRESS HOLDER`. */
function leasesIn(networks: string): string[] {
  return list(networks).flatMap((id) =>
    list(networks, id, 'leases').flatMap((address) => {
      const file = path.join(networks, id, 'leases', address);
      const { nlink } = statSync(file);
      return nlink > 1 ? [`${id} ${address} ${readFileSync(file, 'utf8')}`] : [];
    }),
  );
}

function elementsThere(netns: Netns): string[] {
  const tables = JSON.parse(netns.exec('nft', ['-j', 'list', 'tables'])).nftables as {
    table?: { name: string };
  }[];
  if (!tables.some(({ table }) => table?.name === 'tinyrun')) return [];
  const listing = JSON.parse(netns.exec('nft', ['-j', 'list', 'table', 'inet', 'tinyrun']));
  return elementsIn(listing)
    .filter(({ set }) => set !== 'closed')
    .map(identityOf);
}

/** As it is. A link that is off its bridge is dying, and nobody's. */
export function stateThere({ netns, dir }: Placed): NetworkState {
  const links = netns.ask('link').filter(({ ifalias }) => `${ifalias}`.startsWith('tinyrun '));
  const isBridge = (link: { linkinfo?: { info_kind?: string } }) => link.linkinfo?.info_kind === 'bridge';
  const names = path.join(dir, 'run/names');
  const zones = list(names).filter((name) => /^[0-9a-f]{64}$/.test(name));
  return sorted({
    bridges: links.filter(isBridge).map(({ ifname, ifalias }) => `${ifname} ${ifalias}`),
    links: links
      .filter((link) => !isBridge(link) && link.master !== undefined)
      .map(({ ifname, master, ifalias }) => `${ifname} ${master} ${ifalias}`),
    elements: elementsThere(netns),
    leases: leasesIn(path.join(dir, 'run/networks')),
    names: zones.flatMap((id) =>
      seen(names, id).map((name) => `${id} ${name} ${readFileSync(path.join(names, id, name), 'utf8')}`),
    ),
    views: seen(names, 'views').map(
      (name) => `${name} ${readFileSync(path.join(names, 'views', name), 'utf8')}`,
    ),
    networks: list(dir, 'run/networks').filter((id) =>
      list(dir, 'run/networks', id).some((name) => name.startsWith('journal')),
    ),
  });
}

const BUILT_IN = 'bridge';

/** As the records of what runs, and of the networks that are up, say. */
export function stateMeant({ dir }: Placed): NetworkState {
  const up = list(dir, 'run/networks').filter((id) => existsSync(path.join(dir, 'run/networks', id, 'up')));
  const networks = new Map(
    up.map((id) => [id, read<NetworkRecord>(dir, 'data/networks', id, 'network.json')] as const),
  );
  const records = list(dir, 'run/containers').map((id) =>
    read<ContainerRecord>(dir, 'data/containers', id, 'container.json'),
  );
  const ends = records.flatMap((record) =>
    (record.attachments ?? []).map((end) => ({ record, end, network: networks.get(end.network) })),
  );
  const named = ends.filter(({ network }) => network?.name !== BUILT_IN);
  return sorted({
    bridges: [...networks.values()].map(({ link, name }) => `${link} tinyrun ${name}`),
    links: ends.map(({ end, network }) => `${end.hostLink} ${network?.link} tinyrun ${network?.name}`),
    elements: [...networks.values()].flatMap((network) => {
      const ports = records.flatMap(({ attachments = [], ports: bound = [] }) => {
        const to = best(attachments);
        return to?.network === network.id ? bound.map((port) => ({ port, to })) : [];
      });
      return elementsOf(network, ports).map(identityOf);
    }),
    leases: ends.flatMap(({ record, end }) =>
      end.addresses.map((each) => `${end.network} ${hosts(each)} ${record.id.slice(0, 12)}`),
    ),
    names: named.map(
      ({ record, end, network }) => `${end.network} ${record.id} ${namesOf(record, end, network)}`,
    ),
    views: [...new Set(named.map(({ record }) => record))].map((record) => {
      const seen = named.filter((one) => one.record === record).map(({ end }) => end.network);
      const all = (record.attachments ?? []).map(({ network }) => networks.get(network));
      const forward = all.every((network) => network?.internal) ? 'forward no\n' : '';
      return `${record.id} network ${seen.join(' ')}\n${forward}`;
    }),
    networks: up,
  });
}

/** Whose default route the kernel takes: the lowest metric. */
const best = (attachments: readonly Attachment[]): Attachment | undefined =>
  [...attachments].sort((a, b) => a.metric - b.metric).find(({ gateways }) => gateways.length > 0) ??
  attachments[0];

/** hosts(5) */
function namesOf(
  { id, name, config }: ContainerRecord,
  end: Attachment,
  network: NetworkRecord | undefined,
): string {
  const own = Array.isArray(config.network) ? config.network : [];
  const { aliases = [] } = own.find((one) => one.network === network?.name) ?? {};
  const all = [name, ...aliases, id.slice(0, 12)].flatMap((each) => [each, `${each}.${network?.name}`]);
  return end.addresses.map((each) => `${[hosts(each), ...all].join(' ')}\n`).join('');
}

const sorted = (state: NetworkState): NetworkState =>
  Object.fromEntries(Object.entries(state).map(([kind, lines]) => [kind, [...lines].sort()])) as never;
