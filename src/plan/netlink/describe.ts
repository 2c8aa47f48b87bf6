import { RTM_NEWADDR } from './address.ts';
import { RTM_NEWLINK } from './link.ts';
import { HEAD, NETLINK_ROUTE } from './wire.ts';

/** `192.0.2.7/24` of a message made by addAddress. */
function address(message: Buffer): string {
  const prefix = message[HEAD + 1] ?? 0;
  // behind ifaddrmsg: the first attribute, which is IFA_LOCAL
  const bytes = message.subarray(HEAD + 12, HEAD + 8 + message.readUInt16LE(HEAD + 8));
  if (bytes.length === 4) return `${bytes.join('.')}/${prefix}`;
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  // as RFC 5952 has it
  return `${new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)}/${prefix}`;
}

/** Of an attribute with an address of either family. */
const SIZES = new Set([8, 20]);

function isAddress(message: Buffer): boolean {
  if (message.length < HEAD + 12) return false;
  const size = message.readUInt16LE(HEAD + 8);
  return SIZES.has(size) && message.length >= HEAD + 8 + size;
}

function describeOne(protocol: number, message: Buffer): string {
  const type = message.readUInt16LE(4);
  if (protocol === NETLINK_ROUTE && type === RTM_NEWADDR && isAddress(message))
    return `RTM_NEWADDR ${address(message)}`;
  if (protocol === NETLINK_ROUTE && type === RTM_NEWLINK) return 'RTM_NEWLINK IFF_UP';
  return `message 0x${type.toString(16)}`;
}

/** What the messages of a datagram ask for, one each. */
export function describe(protocol: number, request: Uint8Array): string[] {
  const bytes = Buffer.from(request.buffer, request.byteOffset, request.byteLength);
  const all: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.length - at < HEAD ? 0 : bytes.readUInt32LE(at);
    // what is none of ours is told, not believed
    if (length < HEAD || length > bytes.length - at) return [...all, `${bytes.length - at} bytes`];
    all.push(describeOne(protocol, bytes.subarray(at, at + length)));
    at += length;
  }
  return all;
}
