import type { LinuxResources } from '../../spec/types.ts';
import { mergeEnv } from './env.ts';
import { ConfigError } from './error.ts';
import type { ContainerConfig, HealthConfig, Limits } from './types.ts';
import type { PortsChange } from './update-ports.ts';

/** What of a container can be changed; what is left out stays as it is. */
export interface UpdateConfig
  extends Pick<ContainerConfig, 'env' | 'health' | 'labels' | 'limits' | 'log' | 'restart' | 'stop'>,
    PortsChange {}

function defined<T extends object>(values: T | undefined): Partial<T> {
  const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** 0 is Docker's word for a limit that stays as it is. */
function said({ oomScoreAdj, ...limits }: Limits = {}): Limits {
  const entries = Object.entries(limits).filter(([, value]) => value !== 0);
  return defined({ ...Object.fromEntries(entries), oomScoreAdj });
}

/** A configuration with what is asked of it. @throws ConfigError in Docker's words */
export function changedConfig(config: ContainerConfig, asked: UpdateConfig): ContainerConfig {
  const limits = limitsOf(config.limits, said(asked.limits));
  const stop = { ...config.stop, ...defined(asked.stop) };
  return {
    ...config,
    ...(limits && { limits }),
    ...(asked.health && { health: healthOfBoth(config.health, asked.health) }),
    ...(asked.log && { log: logOf(config.log, asked.log) }),
    ...(Object.keys(stop).length > 0 && { stop }),
    ...(asked.restart && { restart: asked.restart }),
    ...(asked.labels && { labels: { ...config.labels, ...asked.labels } }),
    ...(asked.env && { env: envOf(config.env, asked.env) }),
  };
}

const isNone = ({ test }: HealthConfig = {}): boolean => test?.[0] === 'NONE';

/** @throws ConfigError */
function healthOfBoth(own: HealthConfig | undefined, asked: HealthConfig): HealthConfig {
  if (isNone(asked) || (isNone(own) && asked.test)) return asked;
  const [field] = Object.keys(defined(asked));
  if (isNone(own) && field)
    throw new ConfigError(`health.${field}`, 'it has no health check', { hint: 'give {health.test}, too' });
  return { ...own, ...defined(asked) };
}

/** Removals stay: they are of the image's. */
function envOf(own: readonly string[] = [], asked: readonly string[]): string[] {
  const removed = asked.filter((entry) => !entry.includes('='));
  return [
    ...mergeEnv(
      own.filter((entry) => entry.includes('=')),
      asked,
    ),
    ...removed,
  ];
}

/** Options of the driver that it has already are kept. */
function logOf(
  own: ContainerConfig['log'],
  asked: NonNullable<ContainerConfig['log']>,
): ContainerConfig['log'] {
  return own?.driver === asked.driver || own === undefined ? { ...own, ...asked } : asked;
}

/** @throws ConfigError in Docker's words */
function limitsOf(own: Limits | undefined, asked: Limits): Limits | undefined {
  if (Object.keys(asked).length === 0) return own;
  const total = own?.memorySwap || 2 * (own?.memory ?? 0);
  if (asked.memory !== undefined && asked.memorySwap === undefined && asked.memory > total)
    throw new ConfigError(
      'limits.memory',
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
      { hint: 'it is memory plus swap: give {limits.memorySwap}, too' },
    );
  const memorySwap = asked.memorySwap ?? (total || undefined);
  return { ...own, ...asked, ...(memorySwap !== undefined && { memorySwap }) };
}

/** Fields of the spec by what asks for them: those alone are written, and what is beside them stays as it is. */
const PARTS: Readonly<Partial<Record<keyof Limits, (all: LinuxResources) => LinuxResources>>> = {
  memory: memoryOf,
  memorySwap: memoryOf,
  memoryReservation: ({ memory: { reservation } = {} }) => ({
    ...(reservation && { memory: { reservation } }),
  }),
  cpus: quotaOf,
  cpuQuota: quotaOf,
  cpuPeriod: quotaOf,
  ioWeight: disksOf,
  disks: disksOf,
  cpuShares: ({ cpu: { shares } = {} }) => ({ cpu: { ...(shares && { shares }) } }),
  cpusetCpus: ({ cpu: { cpus } = {} }) => ({ cpu: { ...(cpus && { cpus }) } }),
  cpusetMems: ({ cpu: { mems } = {} }) => ({ cpu: { ...(mems && { mems }) } }),
  pids: ({ pids }) => ({ ...(pids && { pids }) }),
};

function quotaOf({ cpu: { quota, period } = {} }: LinuxResources): LinuxResources {
  return { cpu: { ...(quota && { quota }), ...(period && { period }) } };
}

function disksOf({ blockIO }: LinuxResources): LinuxResources {
  return blockIO ? { blockIO } : {};
}

/** Swap is counted together with memory. */
function memoryOf({ memory: { limit, swap } = {} }: LinuxResources): LinuxResources {
  return { memory: { ...(limit && { limit }), ...(swap && { swap }) } };
}

/** What of a configuration's resources a change is about. */
export function changedResources(all: LinuxResources, limits: Limits | undefined): LinuxResources {
  const parts = (Object.keys(said(limits)) as (keyof Limits)[]).map((key) => PARTS[key]?.(all) ?? {});
  const together = (name: 'memory' | 'cpu') => {
    const sum = Object.assign({}, ...parts.map((part) => part[name] ?? {})) as object;
    return Object.keys(sum).length > 0 ? { [name]: sum } : {};
  };
  return { ...Object.assign({}, ...parts), ...together('memory'), ...together('cpu') };
}
