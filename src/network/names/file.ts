import { TinyrunError } from '../../errors.ts';
import type { Address } from '../types.ts';

/** What an endpoint is called. */
export interface EndpointNames {
  /** Without prefix. */
  readonly addresses: readonly Address[];
  /** Of any case. The first is what its addresses are called: a name of a container is, an alias that it shares is not. */
  readonly names: readonly string[];
}

/** What the resolver reads of a file (native/init/zone.h). */
const LONGEST = 4096;

/**
 * hosts(5) lines, one for each address: `172.18.0.5 web web.front 4f1c…`.
 * @throws TinyrunError (PLAN_ARGUMENT) for what is no name, and for more names than the resolver keeps
 */
export function hostsLines({ addresses, names }: EndpointNames): string {
  const all = [...new Set(names.map((name) => name.toLowerCase()))];
  for (const name of all)
    if (!/^[^\s#\0]{1,253}$/.test(name))
      throw new TinyrunError('PLAN_ARGUMENT', `${JSON.stringify(name)} is no name of a host`);
  const text = addresses.map((address) => `${[address, ...all].join(' ')}\n`).join('');
  return bounded(text, `${all.length} names of an endpoint`);
}

/** @throws TinyrunError (PLAN_ARGUMENT) */
export function bounded(text: string, what: string): string {
  if (Buffer.byteLength(text) <= LONGEST) return text;
  throw new TinyrunError('PLAN_ARGUMENT', `${what} are more than the resolver keeps`, {
    hint: 'leave some aliases out',
  });
}

/** The names of a container in a network: its own, its aliases and its short id, each with the network's name behind it, too. */
export function namesIn(
  network: string,
  { name, id, aliases = [] }: { name: string; id: string; aliases?: readonly string[] },
): string[] {
  const own = [name, ...aliases, id.slice(0, 12)];
  return [name, `${name}.${network}`, ...own.slice(1).flatMap((each) => [each, `${each}.${network}`])];
}
