import { writeFileSync } from 'node:fs';
import { isTinyrunError, TinyrunError } from '../errors.ts';
import type { Fd, StepResult, Streams } from '../native/types.ts';
import type { Plan } from '../plan/types.ts';
import { join } from '../store/join.ts';
import { oomKills } from './cgroup.ts';
import type { ClaimedDir } from './dir.ts';
import { CONFIG_FILE } from './state.ts';

// The one door to a running process. Whoever has claimed a directory and thought of a plan has it born here, and gets a
// life to wait for; who its parent is, is a property of the birth.

/** What is to come to life. */
export interface Birth {
  readonly plan: Plan;
  /** Who runs the plan and has the process as its child. */
  readonly parent: Parent;
  /** Claimed; a further process of a container that runs (exec) has none. */
  readonly dir?: ClaimedDir;
  /** config.json as it is kept there. */
  readonly config?: string;
  /** The container's cgroup2 directory. */
  readonly cgroup?: string | undefined;
}

/** This process (own.ts) or a monitor (monitor/parent.ts). */
export interface Parent {
  /** What it has for 0, 1 and 2; without, ours. */
  readonly streams?: Pick<Streams, 'drop'> | undefined;
  /** @throws with no process left */
  run(birth: Birth): Promise<Life>;
}

export interface ExitRecord {
  /** The program's own, or 128+n when a signal ended it. */
  readonly code: number;
  readonly signal?: number;
  readonly finished: string;
  /** lifeline killed: nobody saw it end. */
  readonly why: 'ended' | 'signal' | 'memory' | 'lifeline killed';
}

export interface End {
  readonly exit: ExitRecord;
  /** It goes on: whoever was joined to its terminal has left it, by the keys for that; `exit` says nothing then. */
  readonly isDetached?: boolean;
  /** Why something of it could not be taken back, where that was ours to do. */
  readonly left?: TinyrunError | undefined;
}

/** Its terminal and this process's, joined. */
export interface Joined {
  /** What was written there has been passed on. */
  readonly drained?: Promise<void>;
  detach(): void;
}

/** A process that has executed its program (or waits to, `tinyrunc create`). */
export interface Life {
  readonly pid: number;
  /** -1: it has ended already. Open until `ended`. */
  readonly pidfd: Fd;
  readonly startTime: bigint;
  /** One per step that ran; only with trace. */
  readonly results: readonly StepResult[];
  /** Master of its terminal, where nobody else has that. */
  readonly consoleFd?: Fd;
  /** By pidfd; one that has ended is no error. Before `ended`. */
  signal(signal: number): void;
  /** Joins its streams to ours; its terminal first, if it has one: nothing of it shows before ours is raw. Once. */
  join(how: { stdin?: boolean; lineEndsStay?: boolean }): Promise<Joined | undefined>;
  /** Nobody waits for its output any more. */
  leave(): void;
  /**
   * Waits for its end; a command's is taken back by then. To be asked for once: to wait keeps a process from ending, and
   * who detaches does not.
   */
  ended(): Promise<End>;
  /** Nobody waits for its end, which is its parent's business: frees what is held here. */
  forget(): void;
  /** After its end: all that it wrote is written. @throws SyscallError where it could not be */
  written(): Promise<void>;
}

/**
 * Brings a plan to life: its undo list is in the journal before it runs.
 * @throws TinyrunError naming the failing step; no process is left then, the rest is for `takeBackFailed`
 */
export async function bear(birth: Birth): Promise<Life> {
  const { dir, plan, config, parent, cgroup } = birth;
  try {
    if (dir && config !== undefined) writeFileSync(join(dir.path, CONFIG_FILE), config, { mode: 0o600 });
    dir?.journal.begin('start', plan);
    return await parent.run(birth);
  } catch (error) {
    parent.streams?.drop();
    // its cgroup is still there
    if (isTinyrunError(error, 'SETUP_KILLED') && (oomKills(cgroup) ?? 0) > 0) throw tooLittleMemory(error);
    throw error;
  }
}

/** In runc's words. */
function tooLittleMemory(cause: TinyrunError): TinyrunError {
  return new TinyrunError('SETUP_KILLED', 'container init was OOM-killed (memory limit too low?)', {
    cause,
    hint: 'give it more memory: setting it up is charged to its cgroup, too',
  });
}
