import { ConfigError, checkInteger } from './error.ts';
import type { ContainerConfig } from './types.ts';

const WHEN: readonly string[] = ['no', 'failure', 'always', 'unless-stopped'];
const COUNT = { min: 0, max: 2 ** 31 - 1 };

/** @throws ConfigError */
export function checkRestart({ restart, autoRemove }: ContainerConfig): void {
  if (restart === undefined) return;
  const { on, atMost } = restart;
  if (!WHEN.includes(on)) throw new ConfigError('restart.on', `not one of ${WHEN.join(', ')}`);
  if (atMost !== undefined && atMost !== 0) {
    if (on !== 'failure')
      throw new ConfigError(
        'restart.atMost',
        "invalid restart policy: maximum retry count can only be used with 'on-failure'",
      );
    if (atMost < 0)
      throw new ConfigError(
        'restart.atMost',
        'invalid restart policy: maximum retry count cannot be negative',
      );
    checkInteger('restart.atMost', atMost, COUNT);
  }
  if (autoRemove && on !== 'no')
    throw new ConfigError('restart', 'what is removed when it ends is not there to be started again', {
      hint: 'leave {restart} or {autoRemove} away',
    });
}
