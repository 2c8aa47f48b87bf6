import { existsSync, rmSync } from 'node:fs';
import { hostOf } from '../../network/address.ts';
import {
  endpointContribution,
  type NamedEndpoint,
  namesContribution,
} from '../../network/names/contribution.ts';
import { namesIn } from '../../network/names/file.ts';
import { namePlaces } from '../../network/names/places.ts';
import { type HeldResolver, holdResolver, prepareNames, serveAll } from '../../network/names/resolver.ts';
import { replaceView, type View } from '../../network/names/view.ts';
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

interface NamesOf {
  readonly view: View;
  readonly endpoints: readonly NamedEndpoint[];
}

/** Undefined where none of its networks has names. */
function thought(
  { id, name, config }: Named,
  joined: readonly Joined[],
  attachments: readonly Attachment[],
): NamesOf | undefined {
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
  if (endpoints.length === 0) return undefined;
  const links = Object.assign({}, ...joined.map(({ config: { links: own } }) => own ?? {}));
  const view: View = {
    container: id,
    networks: endpoints.map(({ network }) => network),
    links,
    servers: config.names?.servers ?? [],
    isInternal: joined.every(({ network }) => network.internal),
  };
  return { view, endpoints };
}

/** What a container gets of names, where it is in networks that have them. */
export function namesOf(
  roots: Roots,
  named: Named,
  joined: readonly Joined[],
  attachments: readonly Attachment[],
): Contribution[] {
  const { view, endpoints } = thought(named, joined, attachments) ?? {};
  return view && endpoints ? [namesContribution(namePlaces(roots.runRoot), view, endpoints)] : [];
}

/** The same of the last of its networks, for one that runs in the others: it is served once. */
export function namesOfLast(
  roots: Roots,
  named: Named,
  joined: readonly Joined[],
  attachments: readonly Attachment[],
): Contribution {
  const { view, endpoints = [] } = thought(named, joined, attachments) ?? {};
  const last = joined.at(-1)?.network;
  const endpoint = endpoints.find(({ network }) => network === last?.id);
  if (view === undefined || endpoint === undefined) return {};
  const places = namePlaces(roots.runRoot);
  return endpoints.length > 1
    ? endpointContribution(places, named.id, endpoint)
    : namesContribution(places, view, endpoints);
}

/** What a container that runs may see by now; `gone`: the network that it has left, where nobody finds it any more. */
export function seeAgain(
  roots: Roots,
  named: Named,
  joined: readonly Joined[],
  attachments: readonly Attachment[],
  gone?: NetworkRecord,
): void {
  const places = namePlaces(roots.runRoot);
  if (gone) rmSync(places.endpoint(gone.id, named.id), { force: true });
  const { view } = thought(named, joined, attachments) ?? {};
  if (view && existsSync(places.view(named.id))) replaceView(places, view);
}
