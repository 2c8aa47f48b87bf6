import type { HostEntry } from '../../../engine/config/types.ts';
import { TinyrunError } from '../../../errors.ts';

/** `NAME:ADDRESS` or `NAME=ADDRESS`; an IPv6 address may stand in brackets. */
export function parseAddHost(text: string): HostEntry {
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  if (at > 0) return { name: text.slice(0, at), address: text.slice(at + 1).replace(/^\[(.*)\]$/, '$1') };
  throw new TinyrunError('USAGE', `--add-host ${JSON.stringify(text)}: not NAME:ADDRESS`);
}
