import { TinyrunError } from '../errors.ts';
import { AF_INET, AF_INET6, addressBytes, addressText, familyOf } from './netlink/address.ts';

// struct sockaddr_in and sockaddr_in6: family as the machine has it, port and address in network byte order.

/** Bytes of each, and where the address is. */
const SHAPES = new Map([
  [AF_INET, { size: 16, at: 4, length: 4 }],
  [AF_INET6, { size: 28, at: 8, length: 16 }],
]);

export function socketAddress(address: string, port: number): Uint8Array {
  const bytes = addressBytes(address);
  const shape = bytes && SHAPES.get(familyOf(bytes));
  if (shape === undefined || bytes === undefined || port >>> 0 !== port || port > 65535)
    throw new TinyrunError(
      'PLAN_ARGUMENT',
      `${JSON.stringify(address)} port ${port} is no address of a socket`,
    );
  const socket = new Uint8Array(shape.size);
  socket.set([familyOf(bytes), 0, port >> 8, port & 255]);
  socket.set(bytes, shape.at);
  return socket;
}

/** `127.0.0.1:80`, `[::1]:80` */
export function socketText(socket: Uint8Array): string {
  const { at, length } = SHAPES.get(socket[0] ?? 0) ?? { at: 0, length: 0 };
  const address = addressText(socket.subarray(at, at + length)) ?? '?';
  const port = ((socket[2] ?? 0) << 8) | (socket[3] ?? 0);
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** IPPROTO_* of what has ports. */
export const PORT_PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** `tcp` */
export function protocolName(protocol: number): string {
  const found = Object.entries(PORT_PROTOCOLS).find(([, number]) => number === protocol);
  return found?.[0] ?? String(protocol);
}
