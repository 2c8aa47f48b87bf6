import { isAddress } from '../spec/addresses.ts';
import { addressOf, type Family, familyOf, numberOf, prefixOf, rangeOf, widthOf } from './address.ts';
import type { Address, Cidr } from './types.ts';

// Subnets as ranges of numbers: what lies in what, and which is free. Pure; both families alike.

/** An address with the bits of its prefix, as it may be written; undefined for what is none. */
export function readCidr(text: string): Cidr | undefined {
  const [, address = '', prefix = ''] = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (!isAddress(address) || Number(prefix) > widthOf(familyOf(address))) return undefined;
  return `${addressOf(numberOf(address), familyOf(address))}/${prefix}`;
}

/** The network that an address with a prefix lies in. */
export function networkOf(cidr: Cidr): Cidr {
  const { family, first } = rangeOf(cidr);
  return `${addressOf(first, family)}/${prefixOf(cidr)}`;
}

export function overlap(a: Cidr, b: Cidr): boolean {
  const [one, other] = [rangeOf(a), rangeOf(b)];
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** Whether all of the inner one lies in the outer one. */
export const holds = (outer: Cidr, inner: Cidr): boolean =>
  overlap(outer, inner) && prefixOf(outer) <= prefixOf(inner);

/** How many addresses there are. */
export function sizeOf(cidr: Cidr): bigint {
  const { first, last } = rangeOf(cidr);
  return last - first + 1n;
}

/** The nth address, of the network itself on. */
export function nthOf(cidr: Cidr, n: number): Address {
  const { family, first } = rangeOf(cidr);
  return addressOf(first + BigInt(n), family);
}

/** The first that an interface may have: of two addresses, or one, the first of all (RFC 3021). */
export const firstHost = (cidr: Cidr): Address => nthOf(cidr, sizeOf(cidr) > 2n ? 1 : 0);

/** What is asked for by its size alone: `/24`, and, as Docker has it, `0.0.0.0/24` and `::/64`. */
export function sizeOnly(text: string): { readonly family: Family; readonly prefix: number } | undefined {
  const [, unspecified = '', digits = ''] = /^(0\.0\.0\.0|::)?\/(\d{1,3})$/.exec(text) ?? [];
  if (digits === '') return undefined;
  const prefix = Number(digits);
  const family: Family = unspecified === '::' || (unspecified === '' && prefix > 32) ? 6 : 4;
  return prefix > 0 && prefix <= widthOf(family) ? { family, prefix } : undefined;
}

interface Stock {
  readonly base: Cidr;
  /** Of the networks that are taken from it. */
  readonly prefix: number;
}

/** Docker's: 172.17.0.0/16 to 172.31.0.0/16, then 192.168.0.0/16 in sixteen parts. */
const STOCK_4: readonly Stock[] = [
  ...Array.from({ length: 15 }, (_, n) => ({ base: `172.${17 + n}.0.0/16`, prefix: 16 })),
  { base: '192.168.0.0/16', prefix: 20 },
];

/**
 * The 65,536 networks of a host's own (RFC 4193), which are its alone in all likelihood.
 * @param digits ten hexadecimal ones, the same for a host each time
 */
export const ulaOf = (digits: string): Cidr =>
  `fd${digits.slice(0, 2)}:${digits.slice(2, 6)}:${digits.slice(6, 10)}::/48`;

/**
 * The first network of the stock that meets none of those that are taken; undefined where all do.
 * @param prefix for one of another size
 */
export function freeSubnet(
  family: Family,
  taken: readonly Cidr[],
  { ula, prefix }: { readonly ula: Cidr; readonly prefix?: number | undefined },
): Cidr | undefined {
  const stock = family === 4 ? STOCK_4 : [{ base: ula, prefix: 64 }];
  const ranges = taken.map(rangeOf).filter((range) => range.family === family);
  for (const { base, prefix: usual } of stock) {
    const found = freeIn(base, prefix ?? usual, ranges);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Goes on behind whatever it meets, so that it takes as many steps as there are ranges. */
function freeIn(base: Cidr, prefix: number, taken: readonly ReturnType<typeof rangeOf>[]): Cidr | undefined {
  if (prefix < prefixOf(base)) return undefined;
  const { family, first, last } = rangeOf(base);
  const size = 1n << BigInt(widthOf(family) - prefix);
  for (let start = first; start + size - 1n <= last; ) {
    const met = taken.find((range) => range.first <= start + size - 1n && range.last >= start);
    if (met === undefined) return `${addressOf(start, family)}/${prefix}`;
    start = ((met.last + size) / size) * size;
  }
  return undefined;
}

/** Whether an address is one of a subnet that an interface may have. */
export function isHostOf(address: Address, cidr: Cidr): boolean {
  const { family, first, last } = rangeOf(cidr);
  const value = numberOf(address);
  if (familyOf(address) !== family || value < first || value > last) return false;
  if (sizeOf(cidr) <= 2n) return true;
  return value !== first && (family === 6 || value !== last);
}
