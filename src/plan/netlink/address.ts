import { TinyrunError } from '../../errors.ts';
import { isIPv4, isIPv6 } from '../../spec/addresses.ts';
import { attribute, type Message, NLM_F_CREATE, NLM_F_EXCL } from './wire.ts';

export const RTM_NEWADDR = 20;
const [IFA_ADDRESS, IFA_LOCAL] = [1, 2];
/** Duplicate address detection would leave a new address unusable for a second; ours are assigned, not guessed. */
const IFA_F_NODAD = 0x2;
export const AF_INET = 2;
export const AF_INET6 = 10;

function refuse(text: string): never {
  throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(text)} is no address with a prefix`);
}

/** The groups of one side of `::`, the last of which may be written as IPv4. */
function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** In network byte order; undefined for what is no address. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (!isIPv6(text)) return undefined;
  const [left = '', right] = text.split('::');
  const [before, after] = [groups(left), groups(right ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return Uint8Array.from([...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 255]));
}

/** As RFC 5952 has it; undefined for what is none. */
export function addressText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes?.length === 4) return bytes.join('.');
  if (bytes?.length !== 16) return undefined;
  const groups = Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** `192.0.2.7/24` as bytes and prefix. */
function parsed(cidr: string): { bytes: Uint8Array; prefix: number } {
  const [text = '', prefix = ''] = cidr.split('/');
  const bytes = addressBytes(text) ?? refuse(cidr);
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bytes.length * 8) refuse(cidr);
  return { bytes, prefix: Number(prefix) };
}

/** AF_INET or AF_INET6 */
export const familyOf = (bytes: Uint8Array): number => (bytes.length === 16 ? AF_INET6 : AF_INET);

/** RTM_NEWADDR of `192.0.2.7/24` or `2001:db8::7/64` on the step's device. */
export function addAddress(cidr: string): Message {
  const { bytes, prefix } = parsed(cidr);
  const flags = bytes.length === 16 ? IFA_F_NODAD : 0;
  return {
    type: RTM_NEWADDR,
    flags: NLM_F_CREATE | NLM_F_EXCL,
    content: [
      // struct ifaddrmsg: family, prefix, flags, scope (universe), index
      Uint8Array.of(familyOf(bytes), prefix, flags, 0),
      'device',
      attribute(IFA_LOCAL, bytes),
      attribute(IFA_ADDRESS, bytes),
    ],
  };
}
