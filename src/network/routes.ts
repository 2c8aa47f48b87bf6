import { readIfAny } from '../store/read.ts';
import { addressOf } from './address.ts';
import type { Cidr } from './types.ts';

/** Where packets of the host go: a destination, and by which link. */
export interface Route {
  readonly to: Cidr;
  readonly device: string;
}

/** /proc/net/route: addresses are numbers in the byte order of the machine, which is little endian wherever this runs. */
export function readRoutes4(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [device = '', destination = '', , , , , , mask = ''] = line.split(/\s+/);
    if (!isHex(destination, 8) || !isHex(mask, 8)) return [];
    const prefix = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
    return [{ to: `${addressOf(reversed(destination), 4)}/${prefix}`, device }];
  });
}

/** /proc/net/ipv6_route: digits in the order of the network, a prefix in hexadecimal, the link at the end. */
export function readRoutes6(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const words = line.trim().split(/\s+/);
    const [destination = '', prefix = ''] = words;
    if (!isHex(destination, 32) || !isHex(prefix, 2)) return [];
    const address = addressOf(BigInt(`0x${destination}`), 6);
    return [{ to: `${address}/${Number.parseInt(prefix, 16)}`, device: words.at(-1) ?? '' }];
  });
}

const isHex = (text: string, digits: number): boolean => text.length === digits && /^[0-9a-f]+$/i.test(text);

const reversed = (digits: string): bigint => BigInt(`0x${(digits.match(/../g) ?? []).reverse().join('')}`);

/** The host's own; none of what cannot be read. */
export const hostRoutes = (): Route[] => [
  ...readRoutes4(readIfAny('/proc/net/route') ?? ''),
  ...readRoutes6(readIfAny('/proc/net/ipv6_route') ?? ''),
];

/** Ways to anywhere: the default, and its halves, as tunnels have them. */
const isDefault = ({ to }: Route): boolean => /\/[01]$/.test(to);

/** Those that a network of one's own would stand in the way of. */
export const nearRoutes = (routes: readonly Route[]): Route[] =>
  routes.filter((route) => !isDefault(route) && route.device !== 'lo' && !/^(?:fe80|ff00):/.test(route.to));

/** Bytes that a packet of the host's default route may have; 1500 where there is none. */
export function uplinkMtu(routes: readonly Route[]): number {
  const device = routes.find((route) => isDefault(route) && route.device !== 'lo')?.device;
  const mtu = device === undefined ? undefined : readIfAny(`/sys/class/net/${device}/mtu`);
  return Number(mtu) || 1500;
}
