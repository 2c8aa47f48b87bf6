import type { Command as Program } from 'commander';
import type { HealthConfig } from '../../engine/config/types.ts';
import { TinyrunError } from '../../errors.ts';
import { durationOf } from '../../store/words.ts';
import type { FlagGroup } from './group.ts';
import { parseInteger } from './parse/number.ts';

interface Flags {
  readonly healthCmd?: string;
  readonly healthInterval?: string;
  readonly healthTimeout?: string;
  readonly healthStartPeriod?: string;
  readonly healthStartInterval?: string;
  readonly healthRetries?: string;
  /** commander's of --no-healthcheck. */
  readonly healthcheck?: boolean;
}

/** What tells how it is. */
export const healthFlags: FlagGroup<Flags> = {
  define: (program: Program) =>
    void program
      .option('--health-cmd <COMMAND>', 'what tells whether it is well: a line for its shell')
      .option('--health-interval <TIME>', 'between two of them: 1m30s; 30s without')
      .option('--health-timeout <TIME>', 'what one may take; 30s without')
      .option('--health-retries <N>', 'failures on end that make it unhealthy; 3 without')
      .option('--health-start-period <TIME>', 'what its start may take: failures are none meanwhile')
      .option('--health-start-interval <TIME>', 'between two of them meanwhile; 5s without')
      .option('--no-healthcheck', 'what its image has is not run'),
  read: (flags) => {
    const { healthCmd, healthRetries } = flags;
    const asked: HealthConfig = {
      ...(healthCmd === undefined ? {} : { test: healthCmd === '' ? [] : ['CMD-SHELL', healthCmd] }),
      ...time(flags.healthInterval, 'interval', 'intervalMs'),
      ...time(flags.healthTimeout, 'timeout', 'timeoutMs'),
      ...time(flags.healthStartPeriod, 'start-period', 'startPeriodMs'),
      ...time(flags.healthStartInterval, 'start-interval', 'startIntervalMs'),
      ...(healthRetries === undefined ? {} : { retries: parseInteger(healthRetries) }),
    };
    const isAsked = Object.keys(asked).length > 0;
    if (flags.healthcheck !== false) return isAsked ? { health: asked } : {};
    if (isAsked)
      throw new TinyrunError('USAGE', '--no-healthcheck conflicts with --health-* options', {
        hint: 'one says that there is no check, the others what it is',
      });
    return { health: { test: ['NONE'] } };
  },
  names: {
    'health.test': '--health-cmd %q',
    'health.intervalMs': '--health-interval %q',
    'health.timeoutMs': '--health-timeout %q',
    'health.startPeriodMs': '--health-start-period %q',
    'health.startIntervalMs': '--health-start-interval %q',
    'health.retries': '--health-retries %q',
  },
};

function time(text: string | undefined, flag: string, field: keyof HealthConfig): Partial<HealthConfig> {
  if (text === undefined) return {};
  const ms = durationOf(text);
  if (ms !== undefined) return { [field]: ms };
  throw new TinyrunError('FLAG', `--health-${flag} ${JSON.stringify(text)}: not a duration`, {
    hint: 'give it as 500ms, 30s or 1m30s',
  });
}
