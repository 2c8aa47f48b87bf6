import { namePlaces } from '../../network/names/places.ts';
import type { NetworkRecord } from '../../network/types.ts';
import { namesIn } from '../../runtime/journal.ts';
import type { Roots } from '../../store/paths.ts';
import { livingNetworks } from './living.ts';
import { holdNames } from './names.ts';
import { restoreTable } from './use.ts';

/**
 * Makes again what others have taken away of the networks that are up: our table with all that is in it, our chain where a FORWARD
 * of others drops what nobody accepts, and the resolver. What is as it should be stays untouched; where no network is up there is
 * nothing to make. Answers which are.
 * @throws TinyrunError UNSUPPORTED where nft is not installed; SYSCALL with what it, or the kernel, said
 */
export async function reloadNetworks(roots: Roots): Promise<NetworkRecord[]> {
  const networks = livingNetworks(roots).filter(({ driver }) => driver === 'bridge');
  if (networks.length === 0) return [];
  await restoreTable(roots);
  if (isAsked(roots)) (await holdNames(roots, networks))?.release();
  return networks;
}

/** Some container has names to ask for: the resolver would end at once where none has. */
const isAsked = ({ runRoot }: Roots): boolean => namesIn(namePlaces(runRoot).views).length > 0;
