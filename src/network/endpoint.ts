import { randomBytes } from '../store/random.ts';
import { familyOf, hostOf, numberOf } from './address.ts';
import type { Address, Attachment, Cidr } from './types.ts';

/** `tr` and 13 hexadecimal digits: as long as the kernel takes a name, and new for every birth. */
export const newHostLink = (): string => `tr${randomBytes(7).toString('hex').slice(1)}`;

/** Docker's: of the address, so that whoever remembers both finds the same behind them again. Locally administered. */
export function macOf(addresses: readonly Cidr[]): string {
  const v4 = addresses.find((each) => familyOf(each) === 4);
  const address = v4 ?? addresses[0];
  const last =
    address === undefined ? randomBytes(4).readUInt32BE() : Number(numberOf(hostOf(address)) & LAST_32);
  return `0242${last.toString(16).padStart(8, '0')}`.replace(/..(?!$)/g, '$&:');
}

const LAST_32 = 0xffff_ffffn;

/** The first `ethN` that none of those is. */
export function interfaceName(taken: readonly string[]): string {
  for (let n = 0; ; n++) if (!taken.includes(`eth${n}`)) return `eth${n}`;
}

/** What the order of gateways goes by: the highest priority first, of equals the first by name. */
export interface Rank {
  readonly network: string;
  readonly priority: number;
}

const FIRST = 1024;
const STEP = 1024;

const order = (a: Rank, b: Rank): number =>
  b.priority - a.priority || (a.network < b.network ? -1 : a.network > b.network ? 1 : 0);

/** The metrics of default routes, by network: room between two for what is connected later. */
export function metricsOf(ranks: readonly Rank[]): Map<string, number> {
  const sorted = [...ranks].sort(order);
  return new Map(sorted.map(({ network }, index) => [network, FIRST + STEP * index]));
}

/**
 * The metric of one more, between its neighbours, so that no other changes. Where 1023 have come between two of them, it is that
 * of the one in front, and the kernel goes by which was there first.
 */
export function metricBetween(others: readonly (Rank & { readonly metric: number })[], one: Rank): number {
  const sorted = [...others].sort(order);
  const next = sorted.findIndex((other) => order(one, other) < 0);
  const before = next < 0 ? sorted.at(-1) : sorted[next - 1];
  const after = next < 0 ? undefined : sorted[next];
  if (after === undefined) return before === undefined ? FIRST : before.metric + STEP;
  return Math.floor(((before?.metric ?? 0) + after.metric) / 2);
}

/** Where a container's packets go that are for nobody near: of the endpoint with the lowest metric that has a gateway. */
export function bestGateway(
  attachments: readonly Attachment[],
  family: 4 | 6,
): { readonly attachment: Attachment; readonly gateway: Address } | undefined {
  const ways = attachments.flatMap((attachment) => {
    const gateway = attachment.gateways.find((each) => familyOf(each) === family);
    return gateway === undefined ? [] : [{ attachment, gateway }];
  });
  return ways.sort((a, b) => a.attachment.metric - b.attachment.metric)[0];
}
