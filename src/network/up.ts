import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { AT_FDCWD, native } from '../native/index.ts';
import type { Element } from '../plan/netlink/sets.ts';
import { namesIn, openJournal } from '../runtime/journal.ts';
import { launchSync } from '../runtime/launch.ts';
import { lockDirectorySync, tryLockDirectory } from '../store/lock.ts';
import { ensureDir, type Roots } from '../store/paths.ts';
import { readIfExists } from '../store/read.ts';
import { networkFacts } from './facts.ts';
import { closedElements } from './firewall/elements.ts';
import type { NetworkDriver, NetworkRecord } from './types.ts';

// What is up of a network: `networks/ID` of the run root has the journal of its plan, `up` once that has run, and its leases. A
// directory with a journal and without `up` is of one who was killed at it: the next holder of its lock takes that back.

const UP = 'up';

/** Below it lies what is up of networks; its lock is that of our table. */
export const networksRunDir = ({ runRoot }: Roots): string => `${runRoot}/networks`;

export const networkDir = (roots: Roots, id: string): string => `${networksRunDir(roots)}/${id}`;

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
    const facts = networkFacts();
    rememberClosed(roots, driver.closes?.(network, facts) ?? []);
    const plan = { steps: driver.up(network, facts).before ?? [] };
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
    // first: what is stopped on the way is half made, and no network that is up
    native().removeTree(AT_FDCWD, `${dir}/${UP}`);
    openJournal(dir).undoAll();
    native().removeTree(AT_FDCWD, dir);
  } finally {
    lock.release();
  }
}

const IDS = /^[0-9a-f]{64}$/;

/** Networks that somebody was killed at as they came up, or went down; and those that came up as they were removed. */
export const halfMade = (roots: Roots): string[] =>
  namesIn(networksRunDir(roots))
    .filter((id) => IDS.test(id) && isJournalled(networkDir(roots, id)))
    .filter((id) => !isUp(roots, id) || !isKnown(roots, id))
    .map((id) => networkDir(roots, id));

/** Its record comes before, and goes last. */
const isKnown = ({ dataRoot }: Roots, id: string): boolean => existsSync(`${dataRoot}/networks/${id}`);

const isJournalled = (dir: string): boolean => namesIn(dir).some((name) => name.startsWith('journal'));

/** Takes such a one back; not while somebody is at it. Leases in it are their owners'. @throws TinyrunError CLEANUP */
export function takeBackHalfMade(roots: Roots, dir: string): void {
  const lock = tryLockDirectory(dir);
  try {
    if (lock && (!existsSync(`${dir}/${UP}`) || !isKnown(roots, basename(dir)))) {
      native().removeTree(AT_FDCWD, `${dir}/${UP}`);
      openJournal(dir).undoAll();
    }
  } finally {
    lock?.release();
  }
}

/** A line for each time that we had the host route: the links that there were. */
const closedFile = (roots: Roots): string => `${networksRunDir(roots)}/closed`;

/** Before it routes, and whatever becomes of the network: that goes on until the host is rebooted. */
function rememberClosed(roots: Roots, links: readonly string[]): void {
  if (links.length > 1) appendFileSync(closedFile(roots), `${links.join(' ')}\n`, { mode: 0o600 });
}

/** What our table keeps from going by the host although it routes. */
export const closedByUs = (roots: Roots): Element[] =>
  (readIfExists(closedFile(roots)) ?? '')
    .split('\n')
    .flatMap((line) => closedElements(line.split(' ').filter(Boolean)));
