import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { parseFlat } from '../runtime/cgroup.ts';
import { join } from '../store/join.ts';

// What runc's `events` tells of a container, read from its cgroup2 files; cgroup-v2.rst. Files of controllers that are
// not enabled are missing, and so are their numbers.

/** Limit files say "max"; in Go's uint64 of runc's readers that is this. */
const NO_LIMIT = 18446744073709552000;

/** Without the numbers that are 0 and the lists that are empty: runc leaves them out, and so do its readers expect it. */
function omitEmpty<T extends object>(fields: T): Partial<T> {
  const present = Object.entries(fields).filter(
    ([, value]) => (Array.isArray(value) ? value.length : value) !== 0,
  );
  return Object.fromEntries(present) as Partial<T>;
}

function read(cgroup: string, file: string): string | undefined {
  const path = join(cgroup, file);
  return existsSync(path) ? readFileSync(path, 'latin1').trim() : undefined;
}

function amount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text === 'max' ? NO_LIMIT : Number(text);
}

/** `major:minor key=value …` lines of io.stat as runc's entries. */
export function parseIo(text: string): { service: object[]; serviced: object[] } {
  const operations = { rbytes: 'Read', wbytes: 'Write', rios: 'Read', wios: 'Write' } as const;
  const service: object[] = [];
  const serviced: object[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const [device = '', ...pairs] = line.split(' ');
    const [major, minor] = device.split(':').map(Number);
    for (const pair of pairs) {
      const [key = '', value] = pair.split('=');
      if (!Object.hasOwn(operations, key)) continue;
      const op = operations[key as keyof typeof operations];
      const entry = omitEmpty({ major, minor, op, value: Number(value) });
      (key.endsWith('bytes') ? service : serviced).push(entry);
    }
  }
  return { service, serviced };
}

const NANOSECONDS = 1000;

function cpuStats(cgroup: string): object {
  const stat = parseFlat(read(cgroup, 'cpu.stat') ?? '');
  const ns = (key: string): number => (stat[key] ?? 0) * NANOSECONDS;
  return {
    usage: {
      ...omitEmpty({ total: ns('usage_usec') }),
      kernel: ns('system_usec'),
      user: ns('user_usec'),
    },
    throttling: omitEmpty({
      periods: stat.nr_periods ?? 0,
      throttledPeriods: stat.nr_throttled ?? 0,
      throttledTime: ns('throttled_usec'),
    }),
  };
}

/** cgroup v1 had these in files; cgroup v2 has no counterpart, and runc writes zeros. */
const NO_CPUSET = {
  cpu_exclusive: 0,
  mem_hardwall: 0,
  mem_exclusive: 0,
  memory_migrate: 0,
  memory_spread_page: 0,
  memory_spread_slab: 0,
  memory_pressure: 0,
  sched_load_balance: 0,
  sched_relax_domain_level: 0,
};

function memoryStats(cgroup: string): object {
  const usage = amount(read(cgroup, 'memory.current')) ?? 0;
  const limit = amount(read(cgroup, 'memory.max')) ?? NO_LIMIT;
  const raw = parseFlat(read(cgroup, 'memory.stat') ?? '');
  const swap = amount(read(cgroup, 'memory.swap.current')) ?? 0;
  const swapLimit = amount(read(cgroup, 'memory.swap.max')) ?? NO_LIMIT;
  const events = parseFlat(read(cgroup, 'memory.events') ?? '');
  return {
    ...omitEmpty({ cache: raw.file ?? 0 }),
    usage: {
      limit,
      ...omitEmpty({ usage, max: amount(read(cgroup, 'memory.peak')) ?? 0 }),
      failcnt: events.max ?? 0,
    },
    // Memory and swap together, as cgroup v1 counted them.
    swap: {
      limit: Math.min(swapLimit === NO_LIMIT ? NO_LIMIT : swapLimit + limit, NO_LIMIT),
      ...omitEmpty({ usage: usage + swap }),
      failcnt: 0,
    },
    kernel: { limit: 0, failcnt: 0 },
    kernelTCP: { limit: 0, failcnt: 0 },
    raw,
  };
}

function hugetlbStats(cgroup: string): Record<string, object> {
  const sizes = readdirSync(cgroup)
    .map((name) => /^hugetlb\.([^.]+)\.current$/.exec(name)?.[1])
    .filter((size) => size !== undefined);
  return Object.fromEntries(
    sizes.map((size) => {
      const events = parseFlat(read(cgroup, `hugetlb.${size}.events`) ?? '');
      return [
        size,
        {
          ...omitEmpty({ usage: amount(read(cgroup, `hugetlb.${size}.current`)) ?? 0 }),
          failcnt: events.max ?? 0,
        },
      ];
    }),
  );
}

/** The `data` of a stats event. */
export function readStats(cgroup: string): object {
  const io = parseIo(read(cgroup, 'io.stat') ?? '');
  const current = amount(read(cgroup, 'pids.current')) ?? 0;
  const limit = amount(read(cgroup, 'pids.max')) ?? 0;
  return {
    cpu: cpuStats(cgroup),
    cpuset: NO_CPUSET,
    memory: memoryStats(cgroup),
    // As runc has it, which takes "max" for none.
    pids: omitEmpty({ current, limit: limit === NO_LIMIT ? 0 : limit }),
    blkio: omitEmpty({ ioServiceBytesRecursive: io.service, ioServicedRecursive: io.serviced }),
    hugetlb: hugetlbStats(cgroup),
    intel_rdt: {},
    network_interfaces: null,
  };
}
