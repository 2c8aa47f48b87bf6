import { CAPABILITIES } from '../../spec/linux.ts';
import { ConfigError } from './error.ts';
import type { SecurityConfig } from './types.ts';

const KNOWN: readonly string[] = CAPABILITIES;

/** `net_admin`, `CAP_NET_ADMIN` → `CAP_NET_ADMIN`; `all` → `ALL`. */
export function normalise(name: string, field: string): string {
  const upper = name.trim().toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (KNOWN.includes(full)) return full;
  throw new ConfigError(field, 'unknown capability', {
    hint: 'capabilities(7) lists them; ALL stands for every one',
  });
}

/**
 * What a container gets of what this process holds, since nobody can hand on more: the defaults or all, less those
 * dropped, with those added; an added one wins over a dropped ALL. @throws ConfigError
 */
export function capabilitiesOf(
  { capabilities = {}, privileged = false }: SecurityConfig,
  defaults: readonly string[],
  held: readonly string[],
): string[] {
  const list = (names: readonly string[] = [], field: string) =>
    names.map((name, index) => normalise(name, `security.capabilities.${field}[${index}]`));
  const add = list(capabilities.add, 'add');
  const dropped = list(capabilities.drop, 'drop');
  const drop = privileged ? [] : dropped;
  for (const [index, name] of add.entries())
    if (name !== 'ALL' && !held.includes(name))
      throw new ConfigError(
        `security.capabilities.add[${index}]`,
        'tinyrun itself does not have this capability',
        { code: 'PERMISSION' },
      );
  const set = new Set(add.includes('ALL') ? KNOWN : privileged ? held : defaults);
  if (drop.includes('ALL')) set.clear();
  for (const name of drop) set.delete(name);
  for (const name of add) if (name !== 'ALL' && (!drop.includes(name) || drop.includes('ALL'))) set.add(name);
  return held.filter((name) => set.has(name));
}
