import type { LinuxCPU, LinuxMemory, LinuxResources, POSIXRlimit } from '../../spec/types.ts';
import { cpusetOf, type ReadSet } from './cpuset.ts';
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
  return {
    ...(memory ? { memory } : {}),
    ...(cpu ? { cpu } : {}),
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
