import { TinyrunError } from '../../errors.ts';

/** `net_admin`, `CAP_NET_ADMIN` → `CAP_NET_ADMIN`; `all` → `ALL`. */
function normalise(name: string, flag: string, known: readonly string[]): string {
  const upper = name.trim().toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (known.includes(full)) return full;
  throw new TinyrunError('USAGE', `${flag} ${JSON.stringify(name)}: unknown capability`, {
    hint: 'capabilities(7) lists them; ALL stands for every one',
  });
}

/** The set a container gets: base or all, minus --cap-drop, plus --cap-add; an added one wins over a dropped ALL. */
export function capabilitySet(request: {
  base: readonly string[];
  known: readonly string[];
  add: readonly string[];
  drop: readonly string[];
}): string[] {
  const add = request.add.map((name) => normalise(name, '--cap-add', request.known));
  const drop = request.drop.map((name) => normalise(name, '--cap-drop', request.known));
  const set = new Set(add.includes('ALL') ? request.known : request.base);
  if (drop.includes('ALL')) set.clear();
  for (const name of drop) set.delete(name);
  for (const name of add) if (name !== 'ALL' && (!drop.includes(name) || drop.includes('ALL'))) set.add(name);
  return request.known.filter((name) => set.has(name));
}
