import { join } from '../../store/join.ts';

/**
 * Where names lie: `names` of the run root. The resolver stands in it, may read it and no more. A container or a network is
 * called by its id.
 */
export interface NamePlaces {
  readonly root: string;
  /** Held by whoever starts a resolver. */
  readonly lock: string;
  /** Where it listens. */
  readonly socket: string;
  readonly views: string;
  /** Of a container: what it may see. */
  view(container: string): string;
  /** Of a network: a file for each of its endpoints. */
  network(network: string): string;
  endpoint(network: string, container: string): string;
}

export function namePlaces(runRoot: string): NamePlaces {
  const root = join(runRoot, 'names');
  const network = (id: string) => join(root, id);
  return {
    root,
    lock: join(root, 'lock'),
    socket: join(root, 'socket'),
    views: join(root, 'views'),
    view: (container) => join(root, 'views', container),
    network,
    endpoint: (id, container) => join(network(id), container),
  };
}

/** Of files that the resolver, whose group they have, is to read. */
export const FILE_MODE = 0o640;

export const RESOLVER_ADDRESS = '127.0.0.11';
