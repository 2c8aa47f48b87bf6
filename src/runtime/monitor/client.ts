import { mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import { SyscallError } from '../../native/syscall-error.ts';
import type { Fd } from '../../native/types.ts';
import { encode } from '../../plan/encode.ts';
import { NO_SLOT, type Plan } from '../../plan/types.ts';
import { errnoMessage, planError } from '../failure.ts';
import type { ExitRecord } from '../life.ts';
import { openProcess } from '../pidfd.ts';
import type { Messages } from './messages.gen.ts';
import { decodeMessage, encodeMessage, type Message, type MessageName } from './messages.ts';

// The caller's half of what native/init/monitor.cc draws.

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

/** What a monitor tells of a container (native/init/event.h). */
export interface OrderedEvents {
  readonly file: string;
  readonly parts: readonly string[];
  /** Lines but for their time: when all is taken back. */
  readonly after: readonly string[];
}

/** A container that runs under its monitor. */
export interface Monitored {
  readonly pid: number;
  /** Of the container's first process; -1 when it has ended already. Open until `ended`. */
  readonly pidfd: Fd;
  readonly startTime: bigint;
  /** Waits until the monitor has gone; answers what it told of the container's end, undefined: it was killed. */
  ended(): Promise<ExitRecord | undefined>;
  /** For who speaks to it from another thread. */
  readonly socket: Fd;
  tell<N extends 'resize' | 'attach' | 'closeStdin' | 'stdin'>(name: N, message: Messages[N]): void;
  /** Nobody waits for its end. */
  forget(): void;
}

const SOCK_SEQPACKET = 5;
const NONE = 0xffff_ffff;
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;
const NO_MORE: Afterwards = { args: [], environment: [], backoff: 0, isLikely: false };
const UNTOLD: OrderedEvents = { file: '', parts: [], after: [] };
/** More than any message of a monitor. */
const LONGEST = 4096;

/**
 * Has a monitor run a plan and stay with its container; blocks until the program runs.
 * @throws TinyrunError naming the failing step, SyscallError; nothing of the processes is left then
 */
export async function startMonitor(order: Order): Promise<Monitored> {
  const [ours, theirs] = native().socketpair(SOCK_SEQPACKET);
  try {
    const { pidfd } = spawnOrClose(order, theirs);
    const answer = receive(ours);
    if (answer?.name === 'started')
      return monitored(answer, pidfd, ours, order.afterwards?.isLikely === true);
    // until it has gone it holds the lock
    await native().waitPidfd(pidfd);
    native().close(pidfd);
    throw failureOf(order.plan, answer);
  } catch (error) {
    native().close(ours);
    throw error;
  }
}

function spawnOrClose(order: Order, theirs: Fd): { pidfd: Fd } {
  try {
    return spawn(order, theirs);
  } finally {
    native().close(theirs);
  }
}

const healthWords = (health: OrderedHealth | undefined) => ({
  health: health ? encode(health.plan) : new Uint8Array(),
  healthSlot: health?.slot ?? 0,
  healthEvery: BigInt(health?.intervalMs ?? 0),
  healthTimeout: BigInt(health?.timeoutMs ?? 0),
  healthStart: BigInt(health?.startPeriodMs ?? 0),
  healthStartEvery: BigInt(health?.startIntervalMs ?? 0),
  healthRetries: health?.retries ?? 0,
});

function spawn(order: Order, caller: Fd): { pidfd: Fd } {
  const { plan, run, data, lock, stdio, owner = NONE } = order;
  const executable = native().initExecutable();
  const { input = -1, output = -1, errors = -1 } = stdio;
  const { log = { bytes: 0, files: 0 }, events = UNTOLD } = order;
  const bytes = encodeMessage('order', {
    ...afterwardsIn(order.afterwards),
    plan: encode(plan),
    remove: order.remove ? encode(order.remove) : new Uint8Array(),
    run,
    data,
    cgroup: order.cgroup ?? '',
    lock,
    caller,
    executable,
    input,
    output,
    errors,
    owner,
    console: consoleSlot(plan),
    stays: order.stays ? 1 : 0,
    logBytes: log.bytes < 0 ? NO_LIMIT : BigInt(log.bytes),
    logFiles: log.files,
    events: events.file,
    event: events.parts,
    eventsAfter: events.after,
    ...healthWords(order.health),
  });
  const pass = [lock, caller, executable, output, errors, input].filter((fd) => fd >= 0);
  const cgroup = order.cgroup === undefined ? undefined : ownCgroup(order.cgroup);
  if (cgroup === undefined) return native().spawnMonitor(bytes, pass);
  try {
    return native().spawnMonitor(bytes, pass, cgroup);
  } catch (error) {
    // who was given a cgroup of others' may make others in it, and not be let in
    if (error instanceof SyscallError && error.syscall === 'clone3')
      return native().spawnMonitor(bytes, pass);
    throw error;
  } finally {
    native().close(cgroup);
  }
}

const afterwardsIn = ({ args, environment, backoff } = NO_MORE) => ({
  afterwards: args,
  environment,
  backoff,
});

/** A monitor that has no container any more: it waits, and becomes who starts that again. The lock is its own, too. */
export function startSleeper({
  run,
  data,
  lock,
  afterwards,
}: Pick<Order, 'run' | 'data' | 'lock' | 'afterwards'>): void {
  const executable = native().initExecutable();
  const bytes = encodeMessage('order', {
    ...afterwardsIn(afterwards),
    plan: new Uint8Array(),
    remove: new Uint8Array(),
    run,
    data,
    cgroup: '',
    lock,
    caller: -1,
    executable,
    input: -1,
    output: -1,
    errors: -1,
    owner: NONE,
    console: NO_SLOT,
    stays: 0,
    logBytes: 0n,
    logFiles: 0,
    events: '',
    event: [],
    eventsAfter: [],
    ...healthWords(undefined),
  });
  native().close(native().spawnMonitor(bytes, [lock, executable]).pidfd);
}

function consoleSlot({ steps }: Plan): number {
  for (const step of steps) if (step.op === 'console') return step.args.slot;
  return NO_SLOT;
}

/**
 * The cgroup of all monitors, beside those of their containers: a session or a service that ends takes its own cgroup
 * along, and must not take them. It stays, empty, as theirs does. Undefined where none can be made.
 */
function ownCgroup(container: string): Fd | undefined {
  const path = join(dirname(container), 'monitors');
  try {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

function receive(socket: Fd): Message | undefined {
  const { data } = native().recvFds(socket, LONGEST);
  return data.length === 0 ? undefined : decodeMessage(data);
}

function failureOf(plan: Plan, answer: Message | undefined): Error {
  if (answer?.name !== 'failed')
    return new TinyrunError('SYSCALL', 'start the container: its monitor ended before it had', {
      hint: 'somebody killed it, or the host has no memory left: see the kernel log',
    });
  const { step, error: errno, syscall, path } = answer;
  const code = native().errorCode(errno);
  if (step === NONE) return new SyscallError(syscall, errno, code, errnoMessage(errno), path);
  return planError(plan, { step, errno, code, syscall, path });
}

type Started = Extract<Message, { name: 'started' }>;

function monitored({ pid, startTime }: Started, monitor: Fd, socket: Fd, goesOn: boolean): Monitored {
  const pidfd = openProcess(pid, startTime) ?? -1;
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    for (const fd of [socket, monitor, pidfd]) if (fd >= 0) native().close(fd);
  };
  return {
    pid,
    pidfd,
    startTime,
    socket,
    // by its word alone where it may become another's; else all of it is done when it has gone
    ended: () => ending(goesOn ? undefined : monitor, socket).finally(close),
    forget: close,
    tell: (name, message) => {
      if (open) send(socket, name, message);
    },
  };
}

const WHYS = ['ended', 'signal', 'memory'] as const;

/** How it ended, as its monitor tells. */
export function exitOf({ code, signal, finished, why }: Messages['exit']): ExitRecord {
  const known = WHYS.find((word) => word === why) ?? 'ended';
  return { code, finished, why: known, ...(signal === 0 ? {} : { signal }) };
}

async function ending(monitor: Fd | undefined, socket: Fd): Promise<ExitRecord | undefined> {
  await (monitor === undefined ? native().pollSocket(socket) : native().waitPidfd(monitor));
  try {
    const last = receive(socket);
    if (last?.name !== 'exit') return undefined;
    return exitOf(last);
  } catch (error) {
    // it died with a message of ours unread
    if (error instanceof SyscallError && error.code === 'ECONNRESET') return undefined;
    throw error;
  }
}

/** What a monitor that has ended is told is for nobody. */
function send<N extends MessageName>(socket: Fd, name: N, message: Messages[N]): void {
  try {
    native().sendFds(socket, [], encodeMessage(name, message));
  } catch (error) {
    if (!(error instanceof SyscallError) || !['EPIPE', 'ECONNRESET'].includes(error.code)) throw error;
  }
}
