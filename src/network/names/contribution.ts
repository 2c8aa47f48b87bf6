import type { Contribution } from '../../plan/contribution.ts';
import type { Step, Undo } from '../../plan/types.ts';
import { type EndpointNames, hostsLines } from './file.ts';
import { FILE_MODE, type NamePlaces } from './places.ts';
import { namesTable, RESOLVER_PORT } from './table.ts';
import { type View, viewText } from './view.ts';

// What a container's names are in a plan. The directories are there (prepareNames) and a resolver is held (holdResolver) before it runs.

/** An endpoint, and the network it is one of. */
export interface NamedEndpoint extends EndpointNames {
  readonly network: string;
}

const unlink = (path: string): Undo => ({ op: 'unlink', args: { path } });

const file = (path: string, value: string, why: string): Step => ({
  op: 'replaceFile',
  lane: 'host',
  args: { path, mode: FILE_MODE, value },
  why,
  undo: [unlink(path)],
});

const published = (places: NamePlaces, container: string, endpoints: readonly NamedEndpoint[]): Step[] =>
  endpoints.map((endpoint) =>
    file(
      places.endpoint(endpoint.network, container),
      hostsLines(endpoint),
      'its names, for the others of its network',
    ),
  );

const SLOT = 0;

const dial = (places: NamePlaces): Step => ({
  op: 'dial',
  lane: 'host',
  args: { path: places.socket, slot: SLOT },
  why: 'the resolver of all containers',
});

const serve = (container: string): Step => ({
  op: 'serve',
  lane: 'container',
  args: { slot: SLOT, view: container, port: RESOLVER_PORT },
  why: 'the resolver answers here, by sockets of this network',
});

/**
 * A container gets names: at its birth, or with the first network of user's making that it is connected to. Its undo unlinks the
 * view, at which the resolver lets go of its network, and the names of these endpoints. Pure.
 * @throws TinyrunError (PLAN_ARGUMENT) for more than the resolver keeps
 */
export function namesContribution(
  places: NamePlaces,
  view: View,
  endpoints: readonly NamedEndpoint[],
): Contribution {
  const { container } = view;
  const table: Step = {
    op: 'netlink',
    lane: 'container',
    args: namesTable(),
    why: '127.0.0.11:53 leads to the resolver, and port 53 stays free',
  };
  return {
    slots: 1,
    passed: [SLOT],
    before: [file(places.view(container), viewText(view), 'what it may see of all names'), dial(places)],
    born: published(places, container, endpoints),
    inside: [table, serve(container)],
  };
}

/**
 * A container that has names is in a further network: `replaceView` is what is left to do then, and after its undo. Pure.
 * @throws TinyrunError (PLAN_ARGUMENT) for more than the resolver keeps
 */
export function endpointContribution(
  places: NamePlaces,
  container: string,
  endpoint: NamedEndpoint,
): Contribution {
  return { born: published(places, container, [endpoint]) };
}

/** What serves a container again whose resolver was killed: its view and its table are there. Pure. */
export function servedAgain(places: NamePlaces, container: string): Contribution {
  return { slots: 1, passed: [SLOT], before: [dial(places)], inside: [serve(container)] };
}
