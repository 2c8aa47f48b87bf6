import { TinyrunError } from '../../errors.ts';
import { type Family, familyOf, prefixOf } from '../../network/address.ts';
import {
  firstHost,
  freeSubnet,
  holds,
  isHostOf,
  networkOf,
  overlap,
  readCidr,
  sizeOf,
  sizeOnly,
} from '../../network/subnet.ts';
import type { Address, Cidr, Pool } from '../../network/types.ts';
import { isAddress } from '../../spec/addresses.ts';

/** Addresses that are asked for; free ones without. */
export interface PoolOptions {
  /** `10.1.0.0/16`, or by its size alone: `/24`, `::/64`. */
  readonly subnet?: string | undefined;
  /** The first one without. */
  readonly gateway?: string | undefined;
  /** The part of the subnet that containers get theirs from. */
  readonly range?: string | undefined;
  /** Never given away: name → address. */
  readonly reserved?: Readonly<Record<string, string>> | undefined;
}

/** What is in use: whose it is goes into a message. */
export interface Taken {
  readonly subnet: Cidr;
  readonly by: string;
}

export interface PoolRequest {
  readonly pools: readonly PoolOptions[];
  /** Families that there are to be. */
  readonly families: readonly Family[];
  readonly taken: readonly Taken[];
  /** What networks of IPv6 are taken from. */
  readonly ula: Cidr;
}

/**
 * One pool of each family, as asked for or free.
 * @throws TinyrunError USAGE in Docker's words; SUBNET_TAKEN with whose it is
 */
export function poolsOf({ pools, families, taken, ula }: PoolRequest): Pool[] {
  const asked = pools.map((pool) => ({ pool, family: familyAsked(pool, families) }));
  for (const { family } of asked)
    if (asked.filter((other) => other.family === family).length > 1)
      refuse(`multiple subnets of IPv${family}: a network has one of each family`);
  return families.map((family) => {
    const pool = asked.find((one) => one.family === family)?.pool ?? {};
    return completed(pool, subnetOf(pool.subnet, family, taken, ula));
  });
}

const refuse = (problem: string): never => {
  throw new TinyrunError('USAGE', `invalid network config: ${problem}`, {
    hint: 'a subnet is an address with its prefix, 10.1.0.0/16; what is said of it lies in it',
  });
};

function familyAsked({ subnet = '' }: PoolOptions, families: readonly Family[]): Family {
  const family =
    sizeOnly(subnet)?.family ??
    familyOf(readCidr(subnet) ?? refuse(`invalid subnet ${subnet}: invalid CIDR block notation`));
  if (families.includes(family)) return family;
  return refuse(`invalid subnet ${subnet}: the network has no IPv${family}`);
}

function subnetOf(text: string | undefined, family: Family, taken: readonly Taken[], ula: Cidr): Cidr {
  const size = text === undefined ? undefined : sizeOnly(text);
  if (text !== undefined && size === undefined) return checkSubnet(text, taken);
  const prefix = size?.prefix;
  checkRoom(`${family === 4 ? '0.0.0.0' : '::'}/${prefix ?? 16}`);
  const free = freeSubnet(
    family,
    taken.map(({ subnet }) => subnet),
    { ula, prefix },
  );
  if (free !== undefined) return free;
  throw new TinyrunError(
    'SUBNET_TAKEN',
    `could not find an available, non-overlapping IPv${family} address pool among the defaults to assign to the network`,
    { hint: 'choose a subnet, or remove networks that nobody uses: tinyrun network prune' },
  );
}

/** What has a meaning of its own, and is no network's: of this host, of all in it, or of nobody. */
const SPECIAL: readonly Cidr[] = [
  '0.0.0.0/8',
  '127.0.0.0/8',
  '224.0.0.0/3',
  '::/127',
  'fe80::/10',
  'ff00::/8',
];

function checkSubnet(text: string, taken: readonly Taken[]): Cidr {
  const subnet = readCidr(text) ?? refuse(`invalid subnet ${text}: invalid CIDR block notation`);
  const masked = networkOf(subnet);
  if (masked !== subnet) refuse(`invalid subnet ${text}: it should be ${masked}`);
  checkRoom(subnet);
  if (SPECIAL.some((special) => overlap(special, subnet)))
    refuse(`invalid subnet ${text}: its addresses are not for networks`);
  const other = taken.find((one) => overlap(one.subnet, subnet));
  if (other === undefined) return subnet;
  throw new TinyrunError(
    'SUBNET_TAKEN',
    `Pool overlaps with other one on this address space: ${subnet} and ${other.subnet}, which is ${other.by}`,
  );
}

function checkRoom(subnet: Cidr): void {
  if (sizeOf(subnet) < 2n) refuse(`invalid subnet ${subnet}: it has no room for a gateway and a container`);
}

/** The first address that nothing is reserved for is the gateway's, unless it is said. */
function completed({ gateway, range, reserved = {} }: PoolOptions, subnet: Cidr): Pool {
  const kept = Object.fromEntries(
    Object.entries(reserved).map(([name, address]) => [
      name,
      checkAddress(address, subnet, 'auxiliary address', `${name}: ${address}`),
    ]),
  );
  const part = range === undefined ? undefined : checkRange(range, subnet);
  return {
    subnet,
    gateway: gateway === undefined ? firstHost(subnet) : checkAddress(gateway, subnet, 'gateway', gateway),
    ...(part && { range: part }),
    reserved: kept,
  };
}

function checkAddress(text: string, subnet: Cidr, kind: string, shown: string): Address {
  if (!isAddress(text)) refuse(`invalid ${kind} ${shown}: invalid address`);
  const address = readCidr(`${text}/${familyOf(text) === 4 ? 32 : 128}`)?.split('/')[0] ?? text;
  if (familyOf(address) !== familyOf(subnet))
    refuse(`invalid ${kind} ${shown}: parent subnet is an IPv${familyOf(subnet)} block`);
  if (!holds(subnet, `${address}/${familyOf(address) === 4 ? 32 : 128}`))
    refuse(`invalid ${kind} ${shown}: parent subnet ${subnet} doesn't contain this address`);
  if (!isHostOf(address, subnet)) refuse(`invalid ${kind} ${shown}: it stands for all of ${subnet}`);
  return address;
}

function checkRange(text: string, subnet: Cidr): Cidr {
  const range = readCidr(text) ?? refuse(`invalid ip-range ${text}: invalid CIDR block notation`);
  if (familyOf(range) !== familyOf(subnet))
    refuse(`invalid ip-range ${text}: parent subnet is an IPv${familyOf(subnet)} block`);
  if (prefixOf(range) < prefixOf(subnet))
    refuse(`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${subnet}`);
  const masked = networkOf(range);
  if (masked !== range) refuse(`invalid ip-range ${text}: it should be ${masked}`);
  if (!holds(subnet, range))
    refuse(`invalid ip-range ${text}: parent subnet ${subnet} doesn't contain ip-range`);
  return range;
}
