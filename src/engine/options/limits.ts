import { TinyrunError } from '../../errors.ts';
import type { LinuxCPU, LinuxMemory, LinuxResources, POSIXRlimit } from '../../spec/types.ts';
import type { RunOptions } from '../types.ts';
import { parseInteger, parseSize } from './size.ts';

/** Docker's floor: below it a container's first process cannot even be set up. */
const MIN_MEMORY = 6 * 2 ** 20;
/** Microseconds; the kernel's own default for cpu.max. */
const CPU_PERIOD = 100_000;

const usage = (message: string, hint?: string) => new TinyrunError('USAGE', message, hint ? { hint } : {});

function memory(options: RunOptions): LinuxMemory | undefined {
  const { memory: text, memorySwap, memoryReservation } = options;
  if (text === undefined && memorySwap === undefined && memoryReservation === undefined) return undefined;
  const limit = text === undefined ? 0 : parseSize(text, '--memory');
  if (limit !== 0 && limit < MIN_MEMORY)
    throw usage(`--memory ${JSON.stringify(text)}: the minimum memory limit is 6 MB`, 'give 6m or more');
  const reservation = memoryReservation ? parseSize(memoryReservation, '--memory-reservation') : undefined;
  if (limit && reservation && reservation > limit)
    throw usage('--memory-reservation must not be above --memory');
  return {
    ...(limit ? { limit } : {}),
    ...swap(memorySwap, limit),
    ...(reservation ? { reservation } : {}),
  };
}

/** Memory plus swap: twice the memory by default, as Docker does. */
function swap(text: string | undefined, limit: number): { swap?: number } {
  if (text === undefined) return limit ? { swap: 2 * limit } : {};
  if (!limit) throw usage('--memory-swap needs --memory', 'set both, --memory-swap being memory plus swap');
  if (text === '-1') return { swap: -1 };
  const total = parseSize(text, '--memory-swap');
  if (total === 0) return { swap: 2 * limit };
  if (total < limit) throw usage('--memory-swap must not be below --memory, it is memory plus swap');
  return { swap: total };
}

function cpu(options: RunOptions): LinuxCPU | undefined {
  const { cpus, cpuShares, cpusetCpus, cpusetMems } = options;
  const shares =
    cpuShares === undefined ? 0 : parseInteger(cpuShares, '--cpu-shares', { min: 0, max: 262144 });
  const result: LinuxCPU = {
    ...(cpus === undefined ? {} : { quota: parseCpus(cpus), period: CPU_PERIOD }),
    ...(shares ? { shares: Math.max(2, shares) } : {}),
    ...(cpusetCpus === undefined ? {} : { cpus: parseList(cpusetCpus, '--cpuset-cpus') }),
    ...(cpusetMems === undefined ? {} : { mems: parseList(cpusetMems, '--cpuset-mems') }),
  };
  return Object.keys(result).length > 0 ? result : undefined;
}

function parseCpus(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  // cpu.max takes no quota below a millisecond.
  if (value >= 0.01) return Math.round(value * CPU_PERIOD);
  throw usage(`--cpus ${JSON.stringify(text)}: not a number of processors, 0.01 or more`);
}

function parseList(text: string, flag: string): string {
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text)) return text;
  throw usage(`${flag} ${JSON.stringify(text)}: not a list of numbers and ranges, as in 0-2,7`);
}

/** Limits that were asked for; the default for pids is added where the host can keep it. */
export function resourcesOf(options: RunOptions): LinuxResources {
  const pids =
    options.pidsLimit === undefined ? undefined : parseInteger(options.pidsLimit, '--pids-limit', RANGE);
  const limits = { memory: memory(options), cpu: cpu(options) };
  return {
    ...(limits.memory ? { memory: limits.memory } : {}),
    ...(limits.cpu ? { cpu: limits.cpu } : {}),
    ...(pids === undefined ? {} : { pids: { limit: pids === 0 ? -1 : pids } }),
  };
}

const RANGE = { min: -1, max: 4_194_304 };

/** Names of setrlimit(2) as --ulimit spells them. */
const ULIMITS =
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );
/** RLIM_INFINITY, as far as a JSON number reaches it. */
const UNLIMITED = 2 ** 64;

/** `nofile=1024:2048`; -1 is no limit. */
export function parseUlimit(text: string): POSIXRlimit {
  const [, name = '', softText = '', hardText] = /^(\w+)=([^:]+)(?::(.+))?$/.exec(text) ?? [];
  if (!ULIMITS.includes(name))
    throw usage(
      `--ulimit ${JSON.stringify(text)}: not NAME=SOFT[:HARD]`,
      `the names are ${ULIMITS.join(', ')}`,
    );
  const value = (number: string) => {
    const parsed = parseInteger(number, `--ulimit ${name}`, { min: -1, max: Number.MAX_SAFE_INTEGER });
    return parsed === -1 ? UNLIMITED : parsed;
  };
  const soft = value(softText);
  const hard = hardText === undefined ? soft : value(hardText);
  if (soft > hard) throw usage(`--ulimit ${JSON.stringify(text)}: the soft limit is above the hard one`);
  return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
}
