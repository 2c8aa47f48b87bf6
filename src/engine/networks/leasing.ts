import { TinyrunError } from '../../errors.ts';
import { lease, release } from '../../network/lease.ts';
import { NetworkStore } from '../../network/store.ts';
import type { Address, NetworkRecord, Pool } from '../../network/types.ts';
import { leasesDir, takeDown } from '../../network/up.ts';
import type { Roots } from '../../store/paths.ts';
import { ownLease } from './attachments.ts';

/**
 * Leases an address of a network that is still there by then: `network rm` looks for leases under the lock that they are taken
 * by, so that either it finds this one, or this finds no network.
 * @param run the container's run directory
 * @throws TinyrunError NETWORK_NOT_FOUND, ADDRESS_TAKEN, NO_ADDRESS
 */
export function leaseIn(
  roots: Roots,
  network: NetworkRecord,
  pool: Pool,
  { run, holder }: { readonly run: string; readonly holder: string },
  wanted?: Address,
): Address {
  const own = ownLease(run, network, pool);
  const isThere = () => new NetworkStore(roots.dataRoot).read(network.id) !== undefined;
  try {
    const address = lease(pool, leasesDir(roots, network.id), own, holder, wanted);
    if (isThere()) return address;
  } catch (error) {
    if (isThere()) throw error;
  }
  release(own);
  // it may have been brought up once more, for this one
  takeDown(roots, network.id);
  throw new TinyrunError('NETWORK_NOT_FOUND', `network ${network.name} not found`);
}
