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
import { isUserDefined } from '../config/network.ts';
import type { ContainerConfig } from '../config/types.ts';
import { containerPaths } from '../layout.ts';
import type { Joined } from './attachments.ts';

/** Names are for the networks that somebody made: in the one that is always there are none, as with Docker. */
export const hasNames = ({ driver, name }: NetworkRecord): boolean =>
  driver !== 'host' && driver !== 'none' && isUserDefined(name);

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
  const held = await holdResolver(places, { cacheDir: `${roots.dataRoot}/cache/seccomp` });
  if (held.isNew) serveAll(places, hostFacts(), (id) => targetOf(roots, id));
  return held;
}

function targetOf(roots: Roots, id: string) {
  const state = readState(containerPaths(roots, id).run);
  return state && { pid: state.pid, startTime: BigInt(state.startTime) };
}

interface Named {
  readonly id: string;
  readonly name: string;
  readonly config: ContainerConfig;
}

/** What a container gets of names, where it is in networks that have them. */
export function namesOf(
  roots: Roots,
  { id, name, config }: Named,
  joined: readonly Joined[],
  attachments: readonly Attachment[],
): Contribution[] {
  const endpoints = joined.flatMap(({ network, config: { aliases } }, index): NamedEndpoint[] => {
    const addresses = attachments[index]?.addresses.map(hostOf) ?? [];
    if (!hasNames(network)) return [];
    return [
      {
        network: network.id,
        addresses,
        names: namesIn(network.name, { name, id, ...(aliases && { aliases }) }),
      },
    ];
  });
  if (endpoints.length === 0) return [];
  const links = Object.assign({}, ...joined.map(({ config: { links: own } }) => own ?? {}));
  const view: View = {
    container: id,
    networks: endpoints.map(({ network }) => network),
    links,
    servers: config.names?.servers ?? [],
    isInternal: joined.every(({ network }) => network.internal),
  };
  return [namesContribution(namePlaces(roots.runRoot), view, endpoints)];
}
