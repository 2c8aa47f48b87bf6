import type { LogLine } from '../../engine/logs.ts';
import type { HealthState } from '../../engine/record.ts';

/** Until it has written a line that `log` is in, or matches; since it was started, and only to one stream with `stream`. */
export interface WaitForLog {
  readonly log: string | RegExp;
  readonly stream?: LogLine['stream'] | undefined;
}

/**
 * Until a process of it listens on a TCP port, on whatever address. With the network `none` there is a loopback only: who connects is in
 * there, by `exec`, or shares it; with `network: 'host'` anybody of the host can.
 */
export interface WaitForPort {
  readonly port: number;
}

/** Until its health check says that it is well; CONTAINER_UNHEALTHY once it says that it is not. */
export interface WaitForHealth {
  readonly health: true;
}

/** Until it has ended; of one that does not run, the last time. */
export interface WaitForExit {
  readonly exit: true;
}

/** One of the four. */
export type WaitFor = WaitForLog | WaitForPort | WaitForHealth | WaitForExit;

/** How long one waits. */
export interface WaitOptions {
  /** Milliseconds; 0, no end, without. */
  readonly timeout?: number | undefined;
  /** Its abort gives up; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}

/** The line that was waited for, and its match: all of it and its groups; of a string, that string. */
export interface LogMatch {
  readonly line: LogLine;
  readonly match: readonly string[];
}

/** How a container ended, as far as it is written down. */
export interface ContainerEnd {
  /** Its program's own, or 128+n when a signal ended it. */
  readonly exitCode: number;
  readonly signal?: number | undefined;
  /** The same as `SIGKILL`. */
  readonly signalName?: string | undefined;
  /** A process of it was killed for memory. */
  readonly oomKilled: boolean;
  /** An exit code other than 0. */
  readonly failed: boolean;
  /** RFC 3339, UTC. */
  readonly finished: string;
  /** One line of English. */
  readonly shortMessage: string;
}

/** What waiting for it answers. */
export type WaitResult<W extends WaitFor> = W extends WaitForLog
  ? LogMatch
  : W extends WaitForHealth
    ? HealthState
    : W extends WaitForExit
      ? ContainerEnd
      : undefined;
