import { ConfigError } from './error.ts';

const KINDS = {
  cpus: { field: 'limits.cpusetCpus', name: 'CPUs' },
  mems: { field: 'limits.cpusetMems', name: 'memory nodes' },
};

/** What the whole machine has; undefined where it does not tell. */
export type ReadSet = (kind: keyof typeof KINDS) => string | undefined;

const LIST = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;
const RANGE_OF_LIST = /(\d+)(?:-(\d+))?/g;

function ranges(list: string): (readonly [from: number, to: number])[] {
  return [...list.matchAll(RANGE_OF_LIST)].map(([, from, to = from]) => [Number(from), Number(to)]);
}

/** The kernel would put up with some of what is not there. @throws ConfigError in Docker's words */
export function cpusetOf(kind: keyof typeof KINDS, wanted: string, read: ReadSet): string {
  const { field, name } = KINDS[kind];
  if (!LIST.test(wanted) || !ranges(wanted).every(([from, to]) => from <= to))
    throw new ConfigError(field, 'not a list of numbers and ranges, as in 0-2,7');
  const available = read(kind)?.trim();
  if (!available) return wanted;
  const there = ranges(available);
  // The kernel's own list has no two ranges that touch.
  if (ranges(wanted).every(([a, b]) => there.some(([from, to]) => from <= a && b <= to))) return wanted;
  throw new ConfigError(
    field,
    `requested ${name} are not available - requested ${wanted}, available: ${available}`,
  );
}
