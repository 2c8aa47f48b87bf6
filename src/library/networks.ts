import type { Engine as Core } from '../engine/engine.ts';
import type { NetworkOptions } from '../engine/networks/create.ts';
import type { NetworkView, PrunedNetworks } from '../engine/networks/networks.ts';

/** What containers reach one another by. */
export interface Networks {
  /**
   * Makes one and answers its id; nothing is in the kernel until its first container. `warn` is told of options that mean
   * nothing here.
   * @throws TinyrunError
   * @example
   * const id = await engine.networks.create({ name: 'web', pools: [{ subnet: '10.231.1.0/24' }] });
   * console.log(id.length); // 64
   */
  create(options: NetworkOptions, warn?: (message: string) => void): Promise<string>;
  /**
   * By name, those that are always there as well; `filters` as of `network ls`: `type=custom`, `label=KEY`, `name=TEXT`.
   * @throws TinyrunError for a filter that cannot be
   * @example
   * const found = await engine.networks.list(['type=builtin']);
   * console.log(found.map(({ record }) => record.name)); // [ 'bridge', 'host', 'none' ]
   */
  list(filters?: readonly string[], onDamaged?: (error: Error) => void): Promise<readonly NetworkView[]>;
  /**
   * By name, id, or its beginning.
   * @throws TinyrunError NETWORK_NOT_FOUND
   * @example
   * await engine.networks.create({ name: 'seen', pools: [{ subnet: '10.231.2.0/24' }] });
   * const { record, endpoints } = await engine.networks.inspect('seen');
   * console.log(record.pools[0]?.gateway, endpoints.length); // 10.231.2.1 0
   */
  inspect(network: string): Promise<NetworkView>;
  /**
   * One that no running container is in; with `force` one that is not there is no failure. Answers whether there was one.
   * @throws TinyrunError NETWORK_IN_USE, NETWORK_NOT_FOUND
   * @example
   * await engine.networks.create({ name: 'gone', pools: [{ subnet: '10.231.3.0/24' }] });
   * console.log(await engine.networks.remove('gone')); // true
   */
  remove(network: string, options?: { readonly force?: boolean }): Promise<boolean>;
  /**
   * Removes those that no running container is in.
   * @example
   * const { deleted } = await engine.networks.prune(['label=scratch']);
   * console.log(deleted.length); // 0
   */
  prune(filters?: readonly string[]): Promise<PrunedNetworks>;
}

export const networksOf = (core: Core): Networks => ({
  create: core.createNetwork,
  list: core.networks,
  inspect: core.findNetwork,
  remove: core.removeNetwork,
  prune: core.pruneNetworks,
});
