import type { LinuxCPU, LinuxMemory, LinuxResources, POSIXRlimit } from '../../spec/types.ts';
import { cpusetOf, type ReadSet } from './cpuset.ts';
import { blockIoOf } from './disks.ts';
import { ConfigError, checkInteger } from './error.ts';
import type { Limits, Rlimit } from './types.ts';

/** Docker's floor: below it a container's first process cannot even be set up. */
const MIN_MEMORY = 6 * 2 ** 20;
/** Microseconds; the kernel's own default for cpu.max. */
const CPU_PERIOD = 100_000;
/** Whatever is below 1 is no limit. */
const PIDS = { min: Number.MIN_SAFE_INTEGER, max: 4_194_304 };
const SHARES = { min: 0, max: 262_144 };
const OOM_SCORE = { min: -1000, max: 1000 };

/** What there is to be had of processors and memory nodes. */
export interface Machine {
  readonly processors: number;
  readonly readSet: ReadSet;
}

/** Limits that were asked for; the default for pids is added where the host can keep it. */
export function resourcesOf(limits: Limits, machine: Machine): LinuxResources {
  const memory = memoryOf(limits);
  const cpu = cpuOf(limits, machine);
  const pids = limits.pids === undefined ? undefined : checkInteger('limits.pids', limits.pids, PIDS);
  const blockIO = blockIoOf(limits);
  return {
    ...(memory ? { memory } : {}),
    ...(cpu ? { cpu } : {}),
    ...(blockIO ? { blockIO } : {}),
    ...(pids === undefined ? {} : { pids: { limit: pids <= 0 ? -1 : pids } }),
  };
}

export function oomScoreAdjOf({ oomScoreAdj: score }: Limits): { oomScoreAdj?: number } {
  return score === undefined ? {} : { oomScoreAdj: checkInteger('limits.oomScoreAdj', score, OOM_SCORE) };
}

/** A number of bytes; 0 where nothing is said. @throws ConfigError */
export function bytesOf(field: string, value = 0): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ConfigError(field, 'not a number of bytes');
}

function memoryOf({ memory, memorySwap, memoryReservation }: Limits): LinuxMemory | undefined {
  if (memory === undefined && memorySwap === undefined && memoryReservation === undefined) return undefined;
  const limit = bytesOf('limits.memory', memory);
  if (limit !== 0 && limit < MIN_MEMORY)
    throw new ConfigError('limits.memory', 'minimum memory limit allowed is 6MB', {
      hint: 'give 6m or more',
    });
  const reservation = bytesOf('limits.memoryReservation', memoryReservation);
  if (reservation && reservation < MIN_MEMORY)
    throw new ConfigError('limits.memoryReservation', 'minimum memory reservation allowed is 6MB');
  if (limit && reservation > limit)
    throw new ConfigError(
      'limits.memoryReservation',
      'minimum memory limit can not be less than memory reservation limit',
      { hint: 'lower {limits.memoryReservation}, or raise {limits.memory}' },
    );
  return {
    ...(limit ? { limit } : {}),
    ...swapOf(memorySwap, limit),
    ...(reservation ? { reservation } : {}),
  };
}

/** Memory plus swap: twice the memory by default, as Docker does. */
function swapOf(value: number | undefined, limit: number): { swap?: number } {
  const total = value === -1 ? -1 : bytesOf('limits.memorySwap', value);
  if (limit && total === 0) return { swap: 2 * limit };
  if (!limit && total <= 0) return {};
  if (!limit)
    throw new ConfigError(
      'limits.memorySwap',
      'you should always set the memory limit when using memoryswap limit',
      { hint: 'set {limits.memory} too: {limits.memorySwap} is memory plus swap' },
    );
  if (total === -1 || total >= limit) return { swap: total };
  throw new ConfigError('limits.memorySwap', 'minimum memoryswap limit should be larger than memory limit', {
    hint: 'it is memory plus swap',
  });
}

function cpuOf(limits: Limits, machine: Machine): LinuxCPU | undefined {
  const { cpuShares, cpusetCpus, cpusetMems } = limits;
  const shares = cpuShares === undefined ? 0 : checkInteger('limits.cpuShares', cpuShares, SHARES);
  const result: LinuxCPU = {
    ...quotaOf(limits.cpus, machine.processors),
    ...periodOf(limits),
    ...(shares ? { shares: Math.max(2, shares) } : {}),
    ...(cpusetCpus ? { cpus: cpusetOf('cpus', cpusetCpus, machine.readSet) } : {}),
    ...(cpusetMems ? { mems: cpusetOf('mems', cpusetMems, machine.readSet) } : {}),
  };
  return Object.keys(result).length > 0 ? result : undefined;
}

/** More than the machine has is a mistake, not a limit: Docker's words. 0 is no limit. */
function quotaOf(cpus = 0, processors: number): { quota?: number; period?: number } {
  if (cpus < 0 || cpus > processors)
    throw new ConfigError(
      'limits.cpus',
      `range of CPUs is from 0.01 to ${processors}.00, as there are only ${processors} CPUs available`,
    );
  // cpu.max takes no quota below a millisecond.
  if (cpus >= 0.01) return { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD };
  if (cpus === 0) return {};
  throw new ConfigError('limits.cpus', 'not a number of processors, 0.01 or more');
}

/** The same in the kernel's own numbers, to 1 s; Docker's words. 0 is none. */
function periodOf(limits: Limits): { quota?: number; period?: number } {
  const { cpus = 0, cpuPeriod = 0, cpuQuota = 0 } = limits;
  for (const [field, name] of [
    ['cpuPeriod', 'CPU Period'],
    ['cpuQuota', 'CPU Quota'],
  ] as const)
    if (cpus > 0 && (limits[field] ?? 0) > 0)
      throw new ConfigError(
        `limits.${field}`,
        `conflicting options: Nano CPUs and ${name} cannot both be set`,
        { hint: 'set {limits.cpus} alone, or {limits.cpuQuota} and {limits.cpuPeriod}' },
      );
  if (!Number.isInteger(cpuPeriod) || (cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000)))
    throw new ConfigError(
      'limits.cpuPeriod',
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    );
  if (!Number.isInteger(cpuQuota) || (cpuQuota > 0 && cpuQuota < 1000))
    throw new ConfigError('limits.cpuQuota', 'CPU cfs quota can not be less than 1ms (i.e. 1000)');
  return {
    ...(cpuQuota === 0 ? {} : { quota: Math.max(-1, cpuQuota) }),
    ...(cpuPeriod === 0 ? {} : { period: cpuPeriod }),
  };
}

/**
 * What is asked for and cannot be had from cgroup v2, in Docker's words. @throws ConfigError for what nobody may go
 * without knowing
 */
export function discarded(limits: Limits): string[] {
  const { memorySwappiness: swappiness, kernelMemory, oomKillDisable, cpuRtPeriod, cpuRtRuntime } = limits;
  for (const [field, value] of Object.entries({ cpuRtPeriod, cpuRtRuntime }))
    if (value)
      throw new ConfigError(`limits.${field}`, 'kernel does not support CPU real-time scheduler', NO_RT);
  if (swappiness !== undefined && !(Number.isInteger(swappiness) && swappiness >= 0 && swappiness <= 100))
    throw new ConfigError('limits.memorySwappiness', 'valid memory swappiness range is 0-100');
  bytesOf('limits.kernelMemory', kernelMemory);
  const unmounted = 'or the cgroup is not mounted';
  return [
    ...(swappiness === undefined
      ? []
      : [
          `Your kernel does not support memory swappiness capabilities ${unmounted}. Memory swappiness discarded.`,
        ]),
    ...(kernelMemory
      ? [`Your kernel does not support kernel memory limit capabilities ${unmounted}. Limitation discarded.`]
      : []),
    ...(oomKillDisable ? ['Your kernel does not support OomKillDisable. OomKillDisable discarded.'] : []),
  ];
}

const NO_RT = {
  hint: 'cgroup v2 shares no real-time out: the limit for rtprio lets a program ask for it by itself',
};

/** Names of setrlimit(2). */
export const RLIMIT_NAMES =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );
/** RLIM_INFINITY, as far as a JSON number reaches it. */
const UNLIMITED = 2 ** 64;
const RANGE = { min: -1, max: Number.MAX_SAFE_INTEGER };

export function rlimitsOf({ rlimits = [] }: Limits): POSIXRlimit[] {
  return rlimits.map((limit, index) => rlimitOf(limit, `limits.rlimits[${index}]`));
}

function rlimitOf({ name, soft: softest, hard: hardest }: Rlimit, field: string): POSIXRlimit {
  if (!RLIMIT_NAMES.includes(name))
    throw new ConfigError(field, `no limit is called ${JSON.stringify(name)}`, {
      hint: `the names are ${RLIMIT_NAMES.join(', ')}`,
    });
  const [soft = 0, hard = 0] = [softest, hardest].map((value) => {
    const limit = checkInteger(field, value, RANGE);
    return limit === -1 ? UNLIMITED : limit;
  });
  if (soft > hard) throw new ConfigError(field, 'the soft limit is above the hard one');
  return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
}
