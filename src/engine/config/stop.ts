import { checkInteger } from './error.ts';
import type { ContainerConfig } from './types.ts';

const SIGNALS = { min: 1, max: 64 };

/** What a timer can be set to; -1 is for ever. */
export const GRACE = { min: -1, max: 2 ** 31 - 1 };

/** @throws ConfigError */
export function checkStop({ stop: { signal, graceMs } = {} }: ContainerConfig): void {
  if (signal !== undefined) checkInteger('stop.signal', signal, SIGNALS);
  if (graceMs !== undefined) checkInteger('stop.graceMs', graceMs, GRACE);
}
