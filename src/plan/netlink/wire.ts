import type { StepArgs } from '../steps.gen.ts';

// netlink(7) as bytes: nlmsghdr, a fixed body, attributes; everything padded to four bytes, in the byte order of the machine,
// which is little endian on all that we run on.

export const NETLINK_ROUTE = 0;

export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
export const NLM_F_EXCL = 0x200;
export const NLM_F_CREATE = 0x400;

/** Bytes of nlmsghdr. */
export const HEAD = 16;

const padded = (size: number): number => (size + 3) & ~3;

/** Behind each other, each filled up to four bytes. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + padded(part.length), 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += padded(part.length);
  }
  return bytes;
}

/** struct nlattr and its value, unpadded. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length);
  new DataView(bytes.buffer).setUint16(0, bytes.length, true);
  new DataView(bytes.buffer).setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

export interface Message {
  readonly type: number;
  /** NLM_F_*, without REQUEST and ACK, which all have. */
  readonly flags?: number;
  readonly body: Uint8Array;
  /** Where in the body the index of the step's device belongs. */
  readonly deviceAt?: number;
  readonly attributes?: readonly Uint8Array[];
}

function bytesOf({ type, flags = 0, body, attributes = [] }: Message, sequence: number): Uint8Array {
  const bytes = joined([new Uint8Array(HEAD), body, ...attributes]);
  const head = new DataView(bytes.buffer);
  head.setUint32(0, bytes.length, true);
  head.setUint16(4, type, true);
  head.setUint16(6, flags | NLM_F_REQUEST | NLM_F_ACK, true);
  head.setUint32(8, sequence, true);
  return bytes;
}

/** One datagram, and where the index of the device is missing in it. */
export function datagram(messages: readonly Message[]): Pick<StepArgs['netlink'], 'request' | 'deviceAt'> {
  const deviceAt: number[] = [];
  let at = 0;
  const all = messages.map((message, index) => {
    const bytes = bytesOf(message, index + 1);
    if (message.deviceAt !== undefined) deviceAt.push(at + HEAD + message.deviceAt);
    at += bytes.length;
    return bytes;
  });
  return { request: joined(all), deviceAt };
}
