import { addressBytes } from '../plan/netlink/address.ts';
import type { Address, Cidr } from './types.ts';

// Addresses as numbers, so that subnets are ranges: those of IPv6 take 128 bits.

export type Family = 4 | 6;

export const familyOf = (address: Address | Cidr): Family => (address.includes(':') ? 6 : 4);

/** Bits of an address. */
export const widthOf = (family: Family): number => (family === 4 ? 32 : 128);

/** Of what is an address. */
export function numberOf(address: Address): bigint {
  let value = 0n;
  for (const byte of addressBytes(address) ?? []) value = (value << 8n) | BigInt(byte);
  return value;
}

/** In its usual spelling: RFC 5952. */
export function addressOf(value: bigint, family: Family): Address {
  const unit = family === 4 ? 8n : 16n;
  const parts: number[] = [];
  for (let shift = BigInt(widthOf(family)) - unit; shift >= 0n; shift -= unit)
    parts.push(Number((value >> shift) & ((1n << unit) - 1n)));
  return family === 4 ? parts.join('.') : shortest(parts);
}

/** The first of the longest runs of zeros, two at least, is `::`. */
function shortest(groups: readonly number[]): Address {
  const text = groups.map((group) => group.toString(16)).join(':');
  const runs = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length);
  const [run] = runs;
  if (run === undefined) return text;
  const before = text.slice(0, run.index).replace(/:$/, '');
  const after = text.slice(run.index + run[0].length).replace(/^:/, '');
  return `${before}::${after}`;
}

/** The part of a CIDR in front of its prefix. */
export const hostOf = (cidr: Cidr): Address => cidr.slice(0, cidr.indexOf('/'));

export const prefixOf = (cidr: Cidr): number => Number(cidr.slice(cidr.indexOf('/') + 1));

export interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** All addresses of a subnet. */
export function rangeOf(cidr: Cidr): Range {
  const family = familyOf(cidr);
  const size = 1n << BigInt(widthOf(family) - prefixOf(cidr));
  const first = (numberOf(hostOf(cidr)) / size) * size;
  return { family, first, last: first + size - 1n };
}

export function isWithin(address: Address, cidr: Cidr): boolean {
  const { family, first, last } = rangeOf(cidr);
  const value = numberOf(address);
  return familyOf(address) === family && value >= first && value <= last;
}
