import { linkSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { errnoOf, TinyrunError } from '../errors.ts';
import { lockDirectorySync } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { readIfExists } from '../store/read.ts';
import { addressOf, numberOf, type Range, rangeOf } from './address.ts';
import type { Address, Pool } from './types.ts';

// An address is in use as long as a file `leases/ADDRESS` of its network has a second name: the owner's own file, in the
// container's run directory, to which it is a hard link. Nobody gives an address back: the owner's file goes with its directory,
// or its journal, and an address whose file has one name left is free for the next. So the lease is kept by what a sweep after
// `kill -9` removes anyhow, to free it twice frees nobody else's, and a reboot, which empties the run root, ends them all.

/** Where the search for a free address goes on: one that was given back rests as long as it can, for who still knows it. */
const CURSOR = 'cursor';

/**
 * Leases an address of a pool: `wanted`, or the next free one. `own` is the lease's file, whose directory is there and is the
 * owner's, `holder` what the owner is called in messages of others who want the address.
 * @throws TinyrunError ADDRESS_TAKEN with who has it; NO_ADDRESS when all are in use
 */
export function lease(pool: Pool, directory: string, own: string, holder: string, wanted?: Address): Address {
  ensureDir(directory);
  writeFileSync(own, holder, { mode: 0o600 });
  const lock = lockDirectorySync(directory);
  try {
    return wanted === undefined ? next(pool, directory, own) : fixed(pool, directory, own, wanted);
  } catch (error) {
    release(own);
    throw error;
  } finally {
    lock.release();
  }
}

/** The address that would be given next, where nobody comes in between. */
export function peek(pool: Pool, directory: string): Address {
  const { family } = rangeOf(pool.subnet);
  for (const value of inTurn(pool, cursorOf(directory))) {
    const address = addressOf(value, family);
    if (keptFor(pool, value) === undefined && isFree(`${directory}/${address}`) !== false) return address;
  }
  throw none(pool);
}

/** What undo does, too: whoever has the address by then keeps it. */
export function release(own: string): void {
  try {
    unlinkSync(own);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

/** Addresses of a network that are in use, and whose they are. */
export function leased(directory: string, names: readonly string[]): Map<Address, string> {
  const inUse = names.filter((name) => name !== CURSOR && isFree(`${directory}/${name}`) === false);
  return new Map(inUse.map((name) => [name, readIfExists(`${directory}/${name}`) ?? '']));
}

function fixed(pool: Pool, directory: string, own: string, wanted: Address): Address {
  const address = addressOf(numberOf(wanted), rangeOf(pool.subnet).family);
  const kept = keptFor(pool, numberOf(wanted));
  if (kept !== undefined) throw taken(address, `it is ${kept}`);
  if (take(directory, own, address)) return address;
  throw taken(address, `container ${readIfExists(`${directory}/${address}`) ?? ''} has it`);
}

const taken = (address: Address, why: string) =>
  new TinyrunError('ADDRESS_TAKEN', `address ${address} is already in use: ${why}`);

function next(pool: Pool, directory: string, own: string): Address {
  const { family } = rangeOf(pool.subnet);
  for (const value of inTurn(pool, cursorOf(directory))) {
    if (keptFor(pool, value) !== undefined) continue;
    const address = addressOf(value, family);
    if (!take(directory, own, address)) continue;
    writeFileSync(`${directory}/${CURSOR}`, address, { mode: 0o600 });
    return address;
  }
  throw none(pool);
}

const none = ({ range, subnet }: Pool) =>
  new TinyrunError('NO_ADDRESS', `all addresses of ${range ?? subnet} are in use`);

/** An empty one is of a process that was killed as it wrote it. */
function cursorOf(directory: string): bigint | undefined {
  const text = readIfExists(`${directory}/${CURSOR}`);
  return text ? numberOf(text) : undefined;
}

/** Each address once, from the one behind the cursor. */
function* inTurn(pool: Pool, cursor: bigint | undefined): Generator<bigint> {
  const { first, last } = usable(pool);
  const start = cursor === undefined || cursor < first || cursor >= last ? first : cursor + 1n;
  for (let value = start; value <= last; value++) yield value;
  for (let value = first; value < start; value++) yield value;
}

/** Without those of a subnet that mean all of it, and the network itself; of two or one (RFC 3021) all are. */
function usable({ subnet, range = subnet }: Pool): Range {
  const whole = rangeOf(subnet);
  const part = rangeOf(range);
  const isWide = whole.last - whole.first > 1n;
  const first = isWide && part.first === whole.first ? part.first + 1n : part.first;
  const isLast = isWide && whole.family === 4 && part.last === whole.last;
  return { family: whole.family, first, last: isLast ? part.last - 1n : part.last };
}

/** Whose an address is that is never given away. */
function keptFor({ subnet, gateway, reserved }: Pool, value: bigint): string | undefined {
  const { family, first, last } = rangeOf(subnet);
  if (last - first > 1n && value === first) return 'the address of the network itself';
  if (last - first > 1n && family === 4 && value === last) return 'the broadcast address';
  if (gateway !== undefined && value === numberOf(gateway)) return 'the gateway';
  const name = Object.keys(reserved).find((each) => value === numberOf(reserved[each] ?? ''));
  return name === undefined ? undefined : `reserved for ${name}`;
}

/** Whether the address is ours by now. */
function take(directory: string, own: string, address: Address): boolean {
  const path = `${directory}/${address}`;
  if (linked(own, path)) return true;
  if (!isFree(path)) return false;
  unlinkSync(path);
  return linked(own, path);
}

function linked(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Undefined: nobody has ever had it. */
function isFree(path: string): boolean | undefined {
  const links = statSync(path, { throwIfNoEntry: false })?.nlink;
  return links === undefined ? undefined : links === 1;
}
