import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TinyrunError } from '../errors.ts';
import type { Fd, StepResult, Streams } from '../native/types.ts';
import type { Plan } from '../plan/types.ts';
import { rfc3339 } from '../store/time.ts';
import { oomKills } from './cgroup.ts';
import { type ClaimedDir, leftOf } from './dir.ts';
import { type Launched, type LaunchOptions, launch, launchSync } from './launch.ts';
import { startMonitor } from './monitor/client.ts';
import { encodeMessage } from './monitor/messages.ts';
import { signalPidfd } from './pidfd.ts';
import { CONFIG_FILE } from './state.ts';

// The one door to a running process. Whoever has claimed a directory and thought of a plan has it born here, and gets a
// life to wait for; who its parent is, is a property of the birth.

interface Common {
  readonly plan: Plan;
  /** The container's cgroup2 directory. */
  readonly cgroup?: string | undefined;
  /** config.json as it is kept; a process of its own in a container that runs has none. */
  readonly config?: string;
}

/** This process is the parent, and runs the plan. */
export interface OwnBirth extends Common {
  /** none: it is made for somebody else, whom it outlives (tinyrunc), or is one more process of a container (exec). */
  readonly lifeline: 'command' | 'none';
  readonly dir?: ClaimedDir;
  /** What it has for 0, 1 and 2; without, ours. */
  readonly streams?: Pick<Streams, 'start' | 'finish' | 'drop'> & { readonly stdio: readonly [Fd, Fd, Fd] };
  /** fds 3 … 3+n-1 stay open in it. */
  readonly preserveFds?: number;
  /** On the calling thread, where Node has no part in the plan. */
  readonly blocking?: boolean | undefined;
  readonly watch?: Pick<LaunchOptions, 'trace' | 'onPause' | 'onFailure'>;
  readonly onYield?: LaunchOptions['onYield'];
}

/** A monitor is the parent, runs the plan, and takes the container back. */
export interface MonitoredBirth extends Common {
  readonly lifeline: 'monitor';
  /** The monitor takes its lock over. */
  readonly dir: ClaimedDir;
  /** Where exit.json stays. */
  readonly data: string;
  readonly relay: Relay;
  // What it becomes once all is taken back, `afterwards: readonly string[]`, comes with the restart policy.
}

/** What joins a monitor to this process's streams: pipes, which the monitor copies to and from those of the container. */
export interface Relay {
  readonly streams: Streams;
  /** Something may be typed. */
  readonly input: boolean;
  /** Of the container's own pipes, a uid of the host. */
  readonly owner?: number | undefined;
}

export type Birth = OwnBirth | MonitoredBirth;

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
  /** Joins its terminal, if it has one, to ours; its other streams are joined from birth. */
  join(how: { stdin?: boolean; lineEndsStay?: boolean }): Promise<Joined | undefined>;
  /** Nobody waits for its output any more. */
  leave(): void;
  /**
   * Waits for its end; a command's is taken back by then. To be asked for once: to wait keeps a process from ending, and
   * who detaches does not.
   */
  ended(): Promise<End>;
  /** After its end: all that it wrote is written. @throws SyscallError where it could not be */
  written(): Promise<void>;
}

/**
 * Brings a plan to life: its undo list is in the journal before it runs.
 * @throws TinyrunError naming the failing step; no process is left then, the rest is for `abandonDir`
 */
export async function bear(birth: Birth): Promise<Life> {
  const { dir, plan, config } = birth;
  const streams = birth.lifeline === 'monitor' ? birth.relay.streams : birth.streams;
  try {
    if (dir && config !== undefined) writeFileSync(join(dir.path, CONFIG_FILE), config, { mode: 0o600 });
    dir?.journal.begin('start', plan);
    const life = birth.lifeline === 'monitor' ? await bornOfMonitor(birth) : await bornOfUs(birth);
    streams?.start();
    return life;
  } catch (error) {
    streams?.drop();
    throw error;
  }
}

/** Off this thread, unless its owner says that nothing else is to be done there. Who looks on must be let in between. */
async function bornOfUs(birth: OwnBirth): Promise<Life> {
  const { plan, streams, preserveFds, watch, onYield } = birth;
  const options: LaunchOptions = {
    plan,
    ...(streams ? { stdio: streams.stdio } : {}),
    ...(preserveFds ? { preserveFds } : {}),
    ...(onYield ? { onYield } : {}),
    ...watch,
  };
  const hasPart = watch?.onPause !== undefined || plan.steps.some(({ op }) => op === 'yield');
  const launched = birth.blocking && !hasPart ? launchSync(options) : await launch(options);
  const { pid, pidfd, startTime, results, consoleFd } = launched;
  return {
    pid,
    pidfd,
    startTime,
    results,
    ...(consoleFd === undefined ? {} : { consoleFd }),
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async (how) => {
      if (consoleFd === undefined) return undefined;
      const { pumpTerminal } = await import('./terminal.ts');
      return pumpTerminal({ master: consoleFd, ...how });
    },
    leave: () => {},
    ended: () => endOfOurs(birth, launched),
    written: async () => await streams?.finish(),
  };
}

async function endOfOurs({ lifeline, cgroup, dir }: OwnBirth, launched: Launched): Promise<End> {
  const { kind, code, status } = await launched.wait();
  const isKilled = kind === 'signaled';
  const why = (oomKills(cgroup) ?? 0) > 0 ? 'memory' : isKilled ? 'signal' : 'ended';
  // kills what the program left in a pid namespace of the host, which may still hold the terminal
  const left = lifeline === 'command' && dir ? leftOf(dir) : undefined;
  return { exit: { code, ...(isKilled ? { signal: status } : {}), finished: rfc3339(), why }, left };
}

async function bornOfMonitor({ plan, cgroup, dir, data, relay }: MonitoredBirth): Promise<Life> {
  const { streams, input, owner } = relay;
  const [source, output, errors] = streams.stdio;
  const monitor = await startMonitor({
    plan,
    run: dir.path,
    data,
    cgroup,
    lock: dir.lock.fd,
    stdio: { output, errors, ...(input ? { input: source } : {}) },
    ...(owner === undefined ? {} : { owner }),
  });
  // it holds the lock now, and the ends of the pipes that are its own
  dir.lock.release();
  const [first, second] = [1, 2].map((stream) => encodeMessage('brokenPipe', { stream }));
  if (first && second) streams.tellBroken(monitor.socket, first, second);
  const hasTerminal = plan.steps.some(({ op }) => op === 'console');
  const { pid, pidfd, startTime } = monitor;
  return {
    pid,
    pidfd,
    startTime,
    results: [],
    signal: (signal) => signalPidfd(pidfd, signal),
    join: async (how) => {
      if (!hasTerminal) return undefined;
      const { lendTerminal } = await import('./terminal.ts');
      return { detach: lendTerminal({ ...how, onSize: (size) => monitor.tell('resize', size) }) };
    },
    // it waits for who reads slowly, unless it is told that nobody will
    leave: () => monitor.tell('attach', { stdin: 0, output: 0 }),
    ended: async () => ({ exit: (await monitor.ended()) ?? killed() }),
    written: () => streams.finish(),
  };
}

const killed = (): ExitRecord => ({ code: 137, signal: 9, finished: rfc3339(), why: 'lifeline killed' });
