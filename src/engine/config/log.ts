import { ConfigError, checkInteger } from './error.ts';
import type { LogConfig } from './types.ts';

/** Of one container's output, at most: bytes of a file, files. None: nothing is kept. */
export interface LogLimits {
  readonly bytes: number;
  readonly files: number;
}

const DEFAULT: LogLimits = { bytes: 10_000_000, files: 3 };
const DRIVERS = ['json-file', 'none'];
const FILES = { min: 1, max: 1000 };
const BYTES = { min: 1, max: Number.MAX_SAFE_INTEGER };

/** @throws ConfigError */
export function logLimits(log: LogConfig | undefined): LogLimits | undefined {
  const driver = log?.driver ?? 'json-file';
  if (!DRIVERS.includes(driver))
    throw new ConfigError('log.driver', `no log driver is called that: ${DRIVERS.join(' and ')} are there`);
  if (log?.driver === 'none') return undefined;
  const { bytes = DEFAULT.bytes, files = DEFAULT.files } = log ?? {};
  if (bytes !== -1) checkInteger('log.bytes', bytes, BYTES);
  checkInteger('log.files', files, FILES);
  return { bytes, files };
}
