import { existsSync, writeFileSync } from 'node:fs';
import { AT_FDCWD, native } from '../native/index.ts';
import { openJournal } from '../runtime/journal.ts';
import { launchSync } from '../runtime/launch.ts';
import { lockDirectorySync } from '../store/lock.ts';
import { ensureDir, type Roots } from '../store/paths.ts';
import { networkFacts } from './facts.ts';
import type { NetworkDriver, NetworkRecord } from './types.ts';

// What is up of a network: `networks/ID` of the run root has the journal of its plan, `up` once that has run, and its leases. A
// directory with a journal and without `up` is of one who was killed at it: the next holder of its lock takes that back.

const UP = 'up';

export const networkDir = ({ runRoot }: Roots, id: string): string => `${runRoot}/networks/${id}`;

export const leasesDir = (roots: Roots, id: string): string => `${networkDir(roots, id)}/leases`;

export const isUp = (roots: Roots, id: string): boolean => existsSync(`${networkDir(roots, id)}/${UP}`);

/** Makes what containers find of a network, where it is not there. `again`: somebody has taken it away. @throws TinyrunError */
export function ensureUp(
  roots: Roots,
  network: NetworkRecord,
  driver: NetworkDriver,
  { again = false } = {},
): void {
  if (!again && isUp(roots, network.id)) return;
  const dir = ensureDir(networkDir(roots, network.id));
  const lock = lockDirectorySync(dir);
  try {
    if (!again && isUp(roots, network.id)) return;
    const journal = openJournal(dir);
    native().removeTree(AT_FDCWD, `${dir}/${UP}`);
    journal.undoAll();
    const plan = { steps: driver.up(network, networkFacts()).before ?? [] };
    journal.begin(UP, plan);
    launchSync({ plan });
    writeFileSync(`${dir}/${UP}`, '', { mode: 0o600 });
  } finally {
    lock.release();
  }
}

/** Takes it back, whoever looks on: for who knows that nobody is in it. @throws TinyrunError CLEANUP */
export function takeDown(roots: Roots, id: string): void {
  const dir = networkDir(roots, id);
  if (!existsSync(dir)) return;
  const lock = lockDirectorySync(dir);
  try {
    openJournal(dir).undoAll();
    native().removeTree(AT_FDCWD, dir);
  } finally {
    lock.release();
  }
}
