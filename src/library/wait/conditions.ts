import { ConfigError, checkInteger } from '../../engine/config/error.ts';
import type { ContainerView } from '../../engine/record.ts';
import type { Roots } from '../../store/paths.ts';
import type { WaitFor } from './types.ts';

/** One life of a container, in which something is waited for. */
export interface Waiting {
  readonly roots: Roots;
  readonly view: ContainerView;
  /** Whoever waits has given up. */
  readonly signal: AbortSignal;
  /** Or it has ended. */
  readonly over: AbortSignal;
  /** Takes a line that was read meanwhile. */
  readonly see: (line: string) => void;
}

export type Kind = 'log' | 'port' | 'health' | 'exit';
const KINDS: readonly Kind[] = ['log', 'port', 'health', 'exit'];
const MOST_PORT = 65_535;

/** @throws ConfigError where it is not one of them, or more */
export function kindOf(what: WaitFor): Kind {
  const given: Readonly<Record<string, unknown>> = { ...what };
  const [kind, ...more] = KINDS.filter((name) => given[name] !== undefined);
  if (kind === undefined || more.length > 0)
    throw new ConfigError('waitFor', 'not one of log, port, health, exit');
  const value = given[kind];
  if (kind === 'port') checkInteger('port', Number(value), { min: 1, max: MOST_PORT });
  if (kind === 'log' && typeof value !== 'string' && !(value instanceof RegExp))
    throw new ConfigError('log', 'not a string or a regular expression');
  if ((kind === 'health' || kind === 'exit') && value !== true) throw new ConfigError(kind, 'not true');
  return kind;
}

/** What it was to have done: `wrote /ready/`. */
export function deedOf(what: WaitFor): string {
  if ('log' in what) return `wrote ${typeof what.log === 'string' ? JSON.stringify(what.log) : what.log}`;
  if ('port' in what) return `listened on port ${what.port}`;
  return 'health' in what ? 'was healthy' : 'ended';
}
