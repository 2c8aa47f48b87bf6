// IP addresses as Go's net.ParseIP takes them: no leading zeros, no zone. node:net knows this too, and costs a load.

export const isAddress = (text: string): boolean => isIPv4(text) || isIPv6(text);

/** Dotted decimal. */
export const isIPv4 = (text: string): boolean => {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
};

/** The eight groups of RFC 4291, one `::` for some of them, perhaps an IPv4 address at the end. */
export function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (!text.includes(':') || halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')));
  const last = groups.at(-1) ?? '';
  const embedded = last.includes('.') && !text.endsWith(':');
  const plain = embedded ? groups.slice(0, -1) : groups;
  if (embedded && !isIPv4(last)) return false;
  if (!plain.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return false;
  const count = plain.length + (embedded ? 2 : 0);
  return halves.length === 2 ? count < 8 : count === 8;
}
