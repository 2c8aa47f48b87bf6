import type { NetworkOptions } from '../../engine/networks/create.ts';
import type { PoolOptions } from '../../engine/networks/pools.ts';
import { TinyrunError } from '../../errors.ts';
import { familyOf } from '../../network/address.ts';
import { holds, networkOf, overlap, readCidr, sizeOnly } from '../../network/subnet.ts';
import { isAddress } from '../../spec/addresses.ts';
import { cut, parsePairs } from './parse/pairs.ts';

/** Flags of `network create`. */
export interface NetworkFlags {
  readonly driver?: string;
  readonly subnet?: readonly string[];
  readonly gateway?: readonly string[];
  readonly ipRange?: readonly string[];
  readonly auxAddress?: readonly string[];
  readonly internal?: boolean;
  readonly ipv4?: boolean;
  readonly ipv6?: boolean;
  readonly label?: readonly string[];
  readonly opt?: readonly string[];
  readonly attachable?: boolean;
  readonly scope?: string;
  readonly ipamDriver?: string;
  readonly ipamOpt?: readonly string[];
  readonly ingress?: boolean;
  readonly configOnly?: boolean;
  readonly configFrom?: string;
}

/** @throws TinyrunError USAGE, UNSUPPORTED, in Docker's words where it has some */
export function networkOptions(name: string, flags: NetworkFlags): NetworkOptions {
  refuseClusters(flags);
  return {
    name,
    driver: flags.driver || undefined,
    pools: poolsOf(flags),
    ipv4: flags.ipv4,
    ipv6: flags.ipv6,
    internal: flags.internal,
    options: flags.opt && parsePairs(flags.opt, '--opt'),
    labels: flags.label && parsePairs(flags.label, '--label'),
  };
}

function refuseClusters({ ingress, configOnly, configFrom, scope, ipamDriver, ipamOpt }: NetworkFlags): void {
  const given = [
    ['--ingress', ingress],
    ['--config-only', configOnly],
    ['--config-from', configFrom],
  ].find(([, value]) => value !== undefined);
  if (given)
    throw new TinyrunError('UNSUPPORTED', `${given[0]}: it is for clusters (swarm), which there are not`);
  if (scope !== undefined && scope !== '' && scope !== 'local')
    throw new TinyrunError('UNSUPPORTED', `--scope ${JSON.stringify(scope)}: local is the one there is`);
  if (ipamDriver !== undefined && !['', 'default'].includes(ipamDriver))
    throw new TinyrunError('USAGE', `--ipam-driver ${JSON.stringify(ipamDriver)}: plugin not found`, {
      hint: 'default is the one there is',
    });
  if (ipamOpt !== undefined)
    throw new TinyrunError('UNSUPPORTED', '--ipam-opt: the addresses of a network have no options');
}

const fail = (problem: string): TinyrunError =>
  new TinyrunError('USAGE', problem, {
    hint: '--subnet 10.1.0.0/16 --gateway 10.1.0.254, one of each family',
  });

interface Growing {
  readonly subnet: string;
  gateway?: string;
  range?: string;
  reserved: Record<string, string>;
}

/** What is said of subnets goes to the one that it lies in: docker's client does that, and these are its words. */
function poolsOf({ subnet = [], ipRange = [], gateway = [], auxAddress = [] }: NetworkFlags): PoolOptions[] {
  if (subnet.length < ipRange.length || subnet.length < gateway.length)
    throw fail('every ip-range or gateway must have a corresponding subnet');
  const cidrs = subnet.flatMap((text) => readCidr(text) ?? []);
  if (cidrs.some((one, index) => cidrs.slice(0, index).some((other) => overlap(one, other))))
    throw fail('multiple overlapping subnet configuration is not supported');
  const pools = subnet.map((text): Growing => ({ subnet: text, reserved: {} }));
  for (const range of ipRange) {
    const pool = matching(pools, range) ?? failMatch('range', range);
    if (pool.range !== undefined)
      throw fail(
        `cannot configure multiple ranges (${range}, ${pool.range}) on the same subnet (${pool.subnet})`,
      );
    pool.range = range;
  }
  for (const address of gateway) {
    const pool = matching(pools, address) ?? failMatch('gateway', address);
    if (pool.gateway !== undefined)
      throw fail(
        `cannot configure multiple gateways (${address}, ${pool.gateway}) for the same subnet (${pool.subnet})`,
      );
    pool.gateway = address;
  }
  for (const text of auxAddress) {
    const [key, address] = cut(text);
    if (key === '' || address === undefined)
      throw new TinyrunError('USAGE', `--aux-address ${JSON.stringify(text)}: not NAME=ADDRESS`);
    const pool = matching(pools, address) ?? failMatch('aux-address', address);
    pool.reserved[key] = address;
  }
  return pools;
}

const failMatch = (kind: string, text: string): never => {
  throw fail(`no matching subnet for ${kind} ${text}`);
};

/** The subnet that an address, or a range, lies in. Of one that is known by its size alone, by its family. */
function matching(pools: readonly Growing[], text: string): Growing | undefined {
  const cidr = readCidr(isAddress(text) ? `${text}/${text.includes(':') ? 128 : 32}` : text);
  return pools.find(({ subnet }) => {
    const outer = readCidr(subnet);
    if (cidr === undefined) return pools.length === 1;
    if (outer === undefined || sizeOnly(subnet)) return familyOf(cidr) === sizeOnly(subnet)?.family;
    return holds(networkOf(outer), cidr);
  });
}
