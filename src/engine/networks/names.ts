import { hostOf } from '../../network/address.ts';
import { type NamedEndpoint, namesContribution } from '../../network/names/contribution.ts';
import { namesIn } from '../../network/names/file.ts';
import { namePlaces } from '../../network/names/places.ts';
import { type HeldResolver, holdResolver, prepareNames, serveAll } from '../../network/names/resolver.ts';
import type { View } from '../../network/names/view.ts';
import type { Attachment, NetworkRecord } from '../../network/types.ts';
import type { Contribution } from '../../plan/contribution.ts';
import { hostFacts } from '../../runtime/host.ts';
import { readState } from '../../runtime/state.ts';
import type { Roots } from '../../store/paths.ts';
import { cgroupBelow } from '../config/cgroup-parent.ts';
import { networksOf } from '../config/network.ts';
import type { ContainerConfig, NetworkConfig } from '../config/types.ts';
import { containerPaths } from '../layout.ts';
import type { Joined } from './attachments.ts';
import { hasNames } from './named.ts';

/** Who answers to them, from before a plan runs until it has; who was served by another that was killed is served again. */
export async function holdNames(
  roots: Roots,
  networks: readonly NetworkRecord[],
): Promise<HeldResolver | undefined> {
  const named = networks.filter(hasNames);
  if (named.length === 0) return undefined;
  const places = namePlaces(roots.runRoot);
  prepareNames(
    places,
    named.map(({ id }) => id),
  );
  const held = await holdResolver(places, { cacheDir: `${roots.dataRoot}/cache/seccomp`, cgroup: anyCgroup });
  if (held.isNew) serveAll(places, hostFacts(), (id) => targetOf(roots, id));
  return held;
}

/** Where a container's would be that asks for no other. */
function anyCgroup(): string | undefined {
  const { unifiedRoot } = hostFacts().cgroup;
  return unifiedRoot && `${unifiedRoot}${cgroupBelow()}/any`;
}

function targetOf(roots: Roots, id: string) {
  const state = readState(containerPaths(roots, id).run);
  return state && { pid: state.pid, startTime: BigInt(state.startTime) };
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly hostname: string;
  readonly config: ContainerConfig;
}

/** What it may see, in these networks. */
export function viewOf(
  { id, config }: Pick<Named, 'id' | 'config'>,
  networks: readonly NetworkRecord[],
): View {
  return {
    container: id,
    networks: networks.filter(hasNames).map((network) => network.id),
    links: Object.assign({}, ...networksOf(config).map(({ links = {} }) => links)),
    servers: config.names?.servers ?? [],
    isInternal: networks.every(({ internal }) => internal),
  };
}

/** What it is called in one that has names. */
export function endpointOf(
  { id, name, hostname }: Omit<Named, 'config'>,
  network: NetworkRecord,
  { aliases = [] }: NetworkConfig,
  { addresses }: Attachment,
): NamedEndpoint {
  const own = hostname === id.slice(0, 12) ? [] : [hostname];
  return {
    network: network.id,
    addresses: addresses.map(hostOf),
    names: namesIn(network.name, { name, id, aliases: [...aliases, ...own] }),
  };
}

/** What a container gets of names, where it is in networks that have them. */
export function namesOf(
  roots: Roots,
  named: Named,
  joined: readonly Joined[],
  attachments: readonly Attachment[],
): Contribution[] {
  const endpoints = joined.flatMap(({ network, config }, index): NamedEndpoint[] => {
    const attachment = attachments[index];
    return attachment && hasNames(network) ? [endpointOf(named, network, config, attachment)] : [];
  });
  if (endpoints.length === 0) return [];
  const view = viewOf(
    named,
    joined.map(({ network }) => network),
  );
  return [namesContribution(namePlaces(roots.runRoot), view, endpoints)];
}
