import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { native } from '../../native/index.ts';
import { SyscallError } from '../../native/syscall-error.ts';
import type { Fd } from '../../native/types.ts';
import { encode } from '../../plan/encode.ts';
import { NO_SLOT, type Plan } from '../../plan/types.ts';
import { join } from '../../store/join.ts';
import { encodeMessage } from './messages.ts';

// What a monitor is started with: monitor.def's order, which it finds in a memfd, and the fds that are named in it.

/** What a container's monitor is to do. */
export interface Order {
  readonly plan: Plan;
  /** Takes back what outlives a container that is kept; none: it is kept. */
  readonly remove?: Plan;
  /** The container's run directory, with its journal. */
  readonly run: string;
  /** Where exit.json stays. */
  readonly data: string;
  readonly cgroup?: string | undefined;
  /** Of the run directory: the monitor holds it from here on, too. */
  readonly lock: Fd;
  /** Pipes: where what is typed comes from, and where output goes; none: nobody of ours is there. */
  readonly stdio: { readonly input?: Fd; readonly output?: Fd; readonly errors?: Fd };
  /** Its input has not ended when ours has: clients may go on. */
  readonly stays?: boolean;
  /** What of its output is kept in `data`, at most: bytes of a file (-1: no limit), files. */
  readonly log?: { readonly bytes: number; readonly files: number } | undefined;
  /** Of the container's pipes, a uid of the host. */
  readonly owner?: number;
  readonly events?: OrderedEvents | undefined;
  readonly health?: OrderedHealth | undefined;
  readonly further?: OrderedFurther | undefined;
  /** Where its container may run again. */
  readonly afterwards?: Afterwards | undefined;
}

/** What a monitor becomes (native/init/again.cc). */
export interface Afterwards {
  readonly args: readonly string[];
  readonly environment: readonly string[];
  /** Milliseconds. */
  readonly backoff: number;
  /** It is to be expected: whoever waits for the end does not wait for that. */
  readonly isLikely: boolean;
}

/** What a monitor runs in a container now and then (native/init/health.h). Times are milliseconds. */
export interface OrderedHealth {
  readonly plan: Plan;
  /** Where the plan looks for the pidfd of the container's first process. */
  readonly slot: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** A program of a container that is not its first: nothing of it is kept, and it ends with that. */
export interface OrderedFurther {
  /** Where its plan has the pidfd of the container's first process. */
  readonly slot: number;
  /** What its start and its end are told as, JSON's escapes made. */
  readonly actions: readonly [start: string, end: string];
}

/** What a monitor tells of a container (native/init/event.h). */
export interface OrderedEvents {
  readonly file: string;
  readonly parts: readonly string[];
  /** Lines but for their time: when all is taken back. */
  readonly after: readonly string[];
}

/** Of an order: nobody, none. */
export const NONE = 0xffff_ffff;
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;
const NO_MORE: Afterwards = { args: [], environment: [], backoff: 0, isLikely: false };
const UNTOLD: OrderedEvents = { file: '', parts: [], after: [] };

/** Starts a monitor, which has `caller` to answer by. Answers its pidfd. @throws SyscallError */
export function spawnMonitor(order: Order, caller: Fd): Fd {
  const executable = native().initExecutable();
  const { input = -1, output = -1, errors = -1 } = order.stdio;
  const bytes = bytesOf(order, caller, executable);
  const pass = [order.lock, caller, executable, output, errors, input].filter((fd) => fd >= 0);
  const cgroup = order.cgroup === undefined ? undefined : ownCgroup(order.cgroup);
  if (cgroup === undefined) return native().spawnMonitor(bytes, pass).pidfd;
  try {
    return native().spawnMonitor(bytes, pass, cgroup).pidfd;
  } catch (error) {
    // who was given a cgroup of others' may make others in it, and not be let in
    if (error instanceof SyscallError && error.syscall === 'clone3')
      return native().spawnMonitor(bytes, pass).pidfd;
    throw error;
  } finally {
    native().close(cgroup);
  }
}

/** A monitor that has no container any more: it waits, and becomes who starts that again. The lock is its own, too. */
export function startSleeper(order: Pick<Order, 'run' | 'data' | 'lock' | 'afterwards'>): void {
  const executable = native().initExecutable();
  const bytes = bytesOf({ ...order, stdio: {} }, -1, executable);
  native().close(native().spawnMonitor(bytes, [order.lock, executable]).pidfd);
}

function bytesOf(
  order: Omit<Order, 'plan'> & { readonly plan?: Plan },
  caller: Fd,
  executable: Fd,
): Uint8Array {
  const { plan, run, data, lock, stdio, owner = NONE, further } = order;
  const { input = -1, output = -1, errors = -1 } = stdio;
  const { log = { bytes: 0, files: 0 }, events = UNTOLD, afterwards = NO_MORE } = order;
  return encodeMessage('order', {
    plan: bytesOfPlan(plan),
    remove: bytesOfPlan(order.remove),
    run,
    data,
    // that of a further one tells of others as well
    cgroup: (further ? undefined : order.cgroup) ?? '',
    lock,
    caller,
    executable,
    input,
    output,
    errors,
    owner,
    console: plan ? consoleSlot(plan) : NO_SLOT,
    stays: order.stays ? 1 : 0,
    logBytes: log.bytes < 0 ? NO_LIMIT : BigInt(log.bytes),
    logFiles: log.files,
    events: events.file,
    event: events.parts,
    eventsAfter: events.after,
    afterwards: afterwards.args,
    environment: afterwards.environment,
    backoff: afterwards.backoff,
    ...healthWords(order.health),
    container: further?.slot ?? NO_SLOT,
    actions: further?.actions ?? [],
  });
}

/** None is no bytes. */
export const bytesOfPlan = (plan: Plan | undefined): Uint8Array => (plan ? encode(plan) : new Uint8Array());

const healthWords = (health: OrderedHealth | undefined) => ({
  health: bytesOfPlan(health?.plan),
  healthSlot: health?.slot ?? 0,
  healthEvery: BigInt(health?.intervalMs ?? 0),
  healthTimeout: BigInt(health?.timeoutMs ?? 0),
  healthStart: BigInt(health?.startPeriodMs ?? 0),
  healthStartEvery: BigInt(health?.startIntervalMs ?? 0),
  healthRetries: health?.retries ?? 0,
});

function consoleSlot({ steps }: Plan): number {
  for (const step of steps) if (step.op === 'console') return step.args.slot;
  return NO_SLOT;
}

/**
 * The cgroup of all monitors and of the resolver, beside those of their containers: a session or a service that ends takes its own cgroup
 * along, and must not take them. It stays, empty, as theirs does. Undefined where none can be made.
 */
export function ownCgroup(container: string): Fd | undefined {
  const path = join(dirname(container), 'monitors');
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}
