import type { Healthcheck, ImageDefaults } from '../../image/types.ts';
import { ConfigError, checkInteger } from './error.ts';
import type { HealthConfig } from './types.ts';

/** What is run, and when: all of it decided. Times are milliseconds. */
export interface Health {
  /** The program and its arguments. */
  readonly args: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** Docker's. */
const DEFAULTS = {
  intervalMs: 30_000,
  timeoutMs: 30_000,
  startPeriodMs: 0,
  startIntervalMs: 5000,
  retries: 3,
};
const TIMES = ['intervalMs', 'timeoutMs', 'startPeriodMs', 'startIntervalMs'] as const;
const KINDS = ['CMD', 'CMD-SHELL', 'NONE'];
const SHELL = ['/bin/sh', '-c'];
const LONGEST = 2 ** 53 / 1e6;
/** What a monitor counts to. */
const MOST = 2 ** 32 - 1;

/** @throws ConfigError */
export function checkHealth(health: HealthConfig | undefined): void {
  if (health === undefined) return;
  const { test = [], retries = 0 } = health;
  for (const name of TIMES) checkTime(`health.${name}`, health[name] ?? 0);
  checkInteger('health.retries', retries, { min: 0, max: 1e9 });
  const [kind, ...args] = test;
  if (kind === undefined) return;
  if (!KINDS.includes(kind))
    throw new ConfigError('health.test', `its first word is none of ${KINDS.join(', ')}`);
  if (kind !== 'NONE' && args.length === 0) throw new ConfigError('health.test', 'no program to run');
  if (kind === 'NONE' && Object.entries(health).some(([name, value]) => name !== 'test' && value))
    throw new ConfigError('health.test', 'a check that is none has neither times nor retries');
}

function checkTime(field: string, ms: number): void {
  if (ms < 0) throw new ConfigError(field, 'cannot be negative');
  if (ms !== 0 && ms < 1) throw new ConfigError(field, 'cannot be less than 1ms');
  if (!(ms <= LONGEST)) throw new ConfigError(field, 'too long');
}

/** What is asked for, over what its image has: both in Docker's words, which inspect shows. */
export function healthcheckOf(health: HealthConfig = {}, image: Healthcheck = {}): Healthcheck | undefined {
  const { test, retries } = health;
  const own: Healthcheck = {
    ...(test && test.length > 0 && { Test: [...test] }),
    ...(health.intervalMs && { Interval: health.intervalMs * 1e6 }),
    ...(health.timeoutMs && { Timeout: health.timeoutMs * 1e6 }),
    ...(health.startPeriodMs && { StartPeriod: health.startPeriodMs * 1e6 }),
    ...(health.startIntervalMs && { StartInterval: health.startIntervalMs * 1e6 }),
    ...(retries && { Retries: retries }),
  };
  const both = own.Test?.[0] === 'NONE' ? own : { ...image, ...own };
  return Object.keys(both).length > 0 ? both : undefined;
}

/** One of no words is none. */
const shellOf = ({ Shell = [] }: ImageDefaults): readonly string[] => (Shell.length > 0 ? Shell : SHELL);

/** What is run of that; undefined: nothing. An image's word is advice: times that are none are the default. */
export function healthOf(config: HealthConfig | undefined, image: ImageDefaults): Health | undefined {
  const check = healthcheckOf(config, image.Healthcheck);
  const [kind, ...args] = check?.Test ?? [];
  if (check === undefined || args.length === 0 || kind === undefined || kind === 'NONE' || kind === '')
    return undefined;
  if (!KINDS.includes(kind)) return undefined;
  const ms = (nanoseconds: number | undefined, otherwise: number) =>
    nanoseconds !== undefined && nanoseconds >= 1e6 ? Math.round(nanoseconds / 1e6) : otherwise;
  return {
    args: kind === 'CMD' ? args : [...shellOf(image), ...args],
    intervalMs: ms(check.Interval, DEFAULTS.intervalMs),
    timeoutMs: ms(check.Timeout, DEFAULTS.timeoutMs),
    startPeriodMs: ms(check.StartPeriod, DEFAULTS.startPeriodMs),
    startIntervalMs: ms(check.StartInterval, DEFAULTS.startIntervalMs),
    retries: check.Retries && check.Retries > 0 ? Math.min(check.Retries, MOST) : DEFAULTS.retries,
  };
}
