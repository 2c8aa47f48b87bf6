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
    throw usage(`--memory ${JSON.stringify(text)}: minimum memory limit allowed is 6MB`, 'give 6m or more');
  const reservation =
    memoryReservation === undefined ? undefined : parseSize(memoryReservation, '--memory-reservation');
  if (reservation && reservation < MIN_MEMORY)
    throw usage(
      `--memory-reservation ${JSON.stringify(memoryReservation)}: minimum memory reservation allowed is 6MB`,
    );
  if (limit && reservation && reservation > limit)
    throw usage(
      'minimum memory limit can not be less than memory reservation limit',
      'lower --memory-reservation, or raise --memory',
    );
  return {
    ...(limit ? { limit } : {}),
    ...swap(memorySwap, limit),
    ...(reservation ? { reservation } : {}),
  };
}

/** Memory plus swap: twice the memory by default, as Docker does. */
function swap(text: string | undefined, limit: number): { swap?: number } {
  if (text === undefined) return limit ? { swap: 2 * limit } : {};
  if (!limit && (text === '-1' || parseSize(text, '--memory-swap') === 0)) return {};
  if (!limit)
    throw usage(
      '--memory-swap: you should always set the memory limit when using memoryswap limit',
      'set --memory too: --memory-swap is memory plus swap',
    );
  if (text === '-1') return { swap: -1 };
  const total = parseSize(text, '--memory-swap');
  if (total === 0) return { swap: 2 * limit };
  if (total < limit)
    throw usage(
      `--memory-swap ${JSON.stringify(text)}: minimum memoryswap limit should be larger than memory limit`,
      'it is memory plus swap',
    );
  return { swap: total };
}

function cpu(options: RunOptions): LinuxCPU | undefined {
  const { cpus, cpuShares, cpusetCpus, cpusetMems } = options;
  const shares =
    cpuShares === undefined ? 0 : parseInteger(cpuShares, '--cpu-shares', { min: 0, max: 262144 });
  const result: LinuxCPU = {
    ...quotaOf(cpus),
    ...(shares ? { shares: Math.max(2, shares) } : {}),
    ...(!cpusetCpus ? {} : { cpus: parseList(cpusetCpus, '--cpuset-cpus') }),
    ...(!cpusetMems ? {} : { mems: parseList(cpusetMems, '--cpuset-mems') }),
  };
  return Object.keys(result).length > 0 ? result : undefined;
}

/** 0 is no limit. */
function quotaOf(text: string | undefined): { quota?: number; period?: number } {
  if (text === undefined) return {};
  const value = rational(text);
  if (value === 0) return {};
  // cpu.max takes no quota below a millisecond.
  if (value >= 0.01) return { quota: Math.round(value * CPU_PERIOD), period: CPU_PERIOD };
  throw usage(`--cpus ${JSON.stringify(text)}: not a number of processors, 0.01 or more`);
}

/** Go's rationals: 1.5, .5, 1e0, 3/2. */
function rational(text: string): number {
  const [, over, under] = /^([+-]?\d+)\/(\d+)$/.exec(text) ?? [];
  if (over !== undefined) return Number(over) / Number(under);
  // Docker counts billionths
  const [, number = '?'] = /^([+-]?(?:\d+\.?\d{0,9}0*|\.\d{1,9}0*)(?:e[+-]?\d+)?)$/i.exec(text) ?? [];
  return Number(number);
}

/** More than the machine has is a mistake, not a limit. @throws TinyrunError USAGE in Docker's words */
export function checkCpus({ cpus }: RunOptions, available: number): void {
  const value = cpus === undefined ? 0 : rational(cpus);
  if (!(value < 0 || value > available)) return;
  throw usage(
    `--cpus ${JSON.stringify(cpus)}: range of CPUs is from 0.01 to ${available}.00, as there are only ${available} CPUs available`,
  );
}

const RANGE_OF_LIST = /(\d+)(?:-(\d+))?/g;

function ranges(list: string): (readonly [from: number, to: number])[] {
  return [...list.matchAll(RANGE_OF_LIST)].map(([, from, to = from]) => [Number(from), Number(to)]);
}

/** What the whole machine has; undefined where it does not tell. */
export type ReadSet = (kind: 'cpus' | 'mems') => string | undefined;

/** The kernel would put up with some of what is not there. @throws TinyrunError USAGE in Docker's words */
export function checkCpuset({ cpusetCpus, cpusetMems }: RunOptions, read: ReadSet): void {
  const check = (kind: 'cpus' | 'mems', flag: string, what: string, wanted: string | undefined): void => {
    const available = wanted ? read(kind)?.trim() : undefined;
    if (!wanted || !available) return;
    const there = ranges(available);
    // The kernel's own list has no two ranges that touch.
    if (ranges(parseList(wanted, flag)).every(([a, b]) => there.some(([from, to]) => from <= a && b <= to)))
      return;
    const words = `requested ${what} are not available - requested ${wanted}, available: ${available}`;
    throw usage(`${flag} ${JSON.stringify(wanted)}: ${words}`);
  };
  check('cpus', '--cpuset-cpus', 'CPUs', cpusetCpus);
  check('mems', '--cpuset-mems', 'memory nodes', cpusetMems);
}

function parseList(text: string, flag: string): string {
  const rises = (range: string) => {
    const [from, to = from] = range.split('-').map(Number);
    return Number(from) <= Number(to);
  };
  if (/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(text) && text.split(',').every(rises)) return text;
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
    ...(pids === undefined ? {} : { pids: { limit: pids <= 0 ? -1 : pids } }),
  };
}

/** Whatever is below 1 is no limit. */
const RANGE = { min: Number.MIN_SAFE_INTEGER, max: 4_194_304 };

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
    // base 10 whatever it starts with
    const plain = number.replace(/^([+-]?)0+(?=\d)/, '$1');
    const bounds = { min: -1, max: Number.MAX_SAFE_INTEGER };
    const parsed = parseInteger(/^[+-]?\d+$/.test(plain) ? plain : '?', `--ulimit ${name}`, bounds);
    return parsed === -1 ? UNLIMITED : parsed;
  };
  const soft = value(softText);
  const hard = hardText === undefined ? soft : value(hardText);
  if (soft > hard) throw usage(`--ulimit ${JSON.stringify(text)}: the soft limit is above the hard one`);
  return { type: `RLIMIT_${name.toUpperCase()}`, soft, hard };
}
