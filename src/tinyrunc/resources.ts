import type { LinuxCPU, LinuxMemory, LinuxResources } from '../spec/types.ts';
import { bytesOf } from '../store/words.ts';
import { type Flag, type Parsed, usage } from './args.ts';

// `update` by flags: runc's names, each a field of linux.resources.

const MEMORY_FLAGS = {
  memory: 'limit',
  'memory-reservation': 'reservation',
  'memory-swap': 'swap',
  'kernel-memory': 'kernel',
  'kernel-memory-tcp': 'kernelTCP',
} as const satisfies Record<string, keyof LinuxMemory>;

const CPU_FLAGS = {
  'cpu-period': 'period',
  'cpu-quota': 'quota',
  'cpu-burst': 'burst',
  'cpu-rt-period': 'realtimePeriod',
  'cpu-rt-runtime': 'realtimeRuntime',
  'cpu-share': 'shares',
  'cpu-idle': 'idle',
} as const satisfies Record<string, keyof LinuxCPU>;

export const UPDATE_FLAGS: readonly Flag[] = [
  {
    names: ['resources', 'r'],
    kind: 'string',
    help: "path to the file containing the resources to update or '-'",
  },
  { names: ['blkio-weight'], kind: 'string', help: 'per cgroup block IO weight, from 10 to 1000' },
  { names: ['cpu-period'], kind: 'string', help: 'CPU CFS period in microseconds' },
  { names: ['cpu-quota'], kind: 'string', help: 'CPU CFS quota in microseconds' },
  { names: ['cpu-burst'], kind: 'string', help: 'CPU CFS burst in microseconds' },
  { names: ['cpu-share'], kind: 'string', help: 'CPU shares (relative weight)' },
  { names: ['cpu-rt-period'], kind: 'string', help: 'CPU realtime period in microseconds' },
  { names: ['cpu-rt-runtime'], kind: 'string', help: 'CPU realtime runtime in microseconds' },
  { names: ['cpuset-cpus'], kind: 'string', help: 'CPUs to use' },
  { names: ['cpuset-mems'], kind: 'string', help: 'memory nodes to use' },
  { names: ['cpu-idle'], kind: 'string', help: 'set cgroup SCHED_IDLE or not, 0: default, 1: SCHED_IDLE' },
  { names: ['kernel-memory'], kind: 'string', help: '(obsolete; do not use)' },
  { names: ['kernel-memory-tcp'], kind: 'string', help: '(obsolete; do not use)' },
  { names: ['memory'], kind: 'string', help: 'memory limit in bytes' },
  { names: ['memory-reservation'], kind: 'string', help: 'memory reservation or soft limit in bytes' },
  { names: ['memory-swap'], kind: 'string', help: "memory and swap in bytes, '-1' for unlimited swap" },
  { names: ['pids-limit'], kind: 'string', help: 'maximum number of pids allowed, -1 for no limit' },
  { names: ['l3-cache-schema'], kind: 'string', help: 'Intel RDT/CAT L3 cache schema' },
  { names: ['mem-bw-schema'], kind: 'string', help: 'Intel RDT/MBA memory bandwidth schema' },
];

/** Bytes with docker's suffixes, 64m, 1.5G; -1 for no limit. @throws TinyrunError (USAGE) */
export function parseBytes(flag: string, text: string): number {
  const bytes = text === '-1' ? -1 : bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw usage(`invalid value for ${flag}: ${JSON.stringify(text)} is no number of bytes`);
}

/** Base 10 alone, as runc reads these. */
function parseInteger(flag: string, text: string): number {
  if (!/^-?\d+$/.test(text))
    throw usage(`invalid value for ${flag}: ${JSON.stringify(text)} is no whole number`);
  return Number(text);
}

function collect<T extends string>(
  flags: Parsed,
  names: Readonly<Record<string, T>>,
  read: (flag: string, text: string) => number,
): { [K in T]?: number } {
  const values: { [K in T]?: number } = {};
  for (const [flag, field] of Object.entries(names)) {
    const text = flags.string(flag);
    if (text !== undefined && text !== '') values[field as T] = read(flag, text);
  }
  return values;
}

/** What the flags of `update` ask for, as linux.resources; what no flag names is absent. */
export function resourcesFromFlags(flags: Parsed): LinuxResources {
  const memory = collect(flags, MEMORY_FLAGS, parseBytes);
  const cpus = flags.string('cpuset-cpus');
  const mems = flags.string('cpuset-mems');
  const cpu = {
    ...collect(flags, CPU_FLAGS, parseInteger),
    ...(cpus ? { cpus } : {}),
    ...(mems ? { mems } : {}),
  };
  const pids = flags.string('pids-limit');
  const weight = flags.string('blkio-weight');
  return {
    ...(Object.keys(memory).length > 0 ? { memory } : {}),
    ...(Object.keys(cpu).length > 0 ? { cpu } : {}),
    ...(pids ? { pids: { limit: parseInteger('pids-limit', pids) } } : {}),
    ...(weight ? { blockIO: { weight: parseInteger('blkio-weight', weight) } } : {}),
  };
}
