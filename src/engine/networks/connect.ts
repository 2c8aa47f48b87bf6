import { TinyrunError } from '../../errors.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Roots } from '../../store/paths.ts';
import { checkNetwork } from '../config/network.ts';
import type { NetworkConfig } from '../config/types.ts';
import { findContainer, missedAs } from '../manage.ts';

/**
 * Attaches a container to one more network; one that runs at once.
 * @throws TinyrunError NETWORK_NOT_FOUND, CONTAINER_NOT_FOUND, ADDRESS_TAKEN; ConfigError of what it is to have there
 */
export async function connect(
  roots: Roots,
  network: string,
  container: string,
  config: Omit<NetworkConfig, 'network'> = {},
): Promise<void> {
  const record = new NetworkStore(roots.dataRoot).find(network);
  checkNetwork({ ...config, network: record.name }, 'network');
  await missedAs(container, async () => findContainer(roots, container));
  throw new TinyrunError('UNSUPPORTED', 'network connect is not there yet');
}

/**
 * Takes a container out of a network; one that runs at once, and with `force` one whose record does not tell of it.
 * @throws TinyrunError NETWORK_NOT_FOUND, CONTAINER_NOT_FOUND
 */
export async function disconnect(
  roots: Roots,
  network: string,
  container: string,
  _options: { readonly force?: boolean } = {},
): Promise<void> {
  new NetworkStore(roots.dataRoot).find(network);
  await missedAs(container, async () => findContainer(roots, container));
  throw new TinyrunError('UNSUPPORTED', 'network disconnect is not there yet');
}
