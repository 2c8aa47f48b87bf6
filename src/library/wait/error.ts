import type { HealthState } from '../../engine/record.ts';
import { TinyrunError } from '../../errors.ts';
import type { ContainerEnd } from './types.ts';

/** Why what was waited for has not come. */
export type WaitErrorCode = 'CONTAINER_ENDED' | 'CONTAINER_UNHEALTHY' | 'TIMED_OUT';

/** What is known then. */
export interface WaitFacts {
  readonly id: string;
  /** The last lines that it wrote, as it wrote them; none where nothing of it is kept. */
  readonly log: readonly string[];
  /** How it ended: with CONTAINER_ENDED. */
  readonly exit?: ContainerEnd | undefined;
  /** With CONTAINER_UNHEALTHY. */
  readonly health?: HealthState | undefined;
}

/**
 * What was waited for has not come, or cannot come any more. The message is one line and nothing that the container
 * wrote: that is in `log`, for who knows where it goes.
 */
export class WaitError extends TinyrunError implements WaitFacts {
  declare readonly code: WaitErrorCode;
  readonly id: string;
  readonly log: readonly string[];
  readonly exit?: ContainerEnd | undefined;
  readonly health?: HealthState | undefined;

  constructor(code: WaitErrorCode, message: string, facts: WaitFacts) {
    super(code, message);
    this.id = facts.id;
    this.log = facts.log;
    if (facts.exit) this.exit = facts.exit;
    if (facts.health) this.health = facts.health;
  }
}
