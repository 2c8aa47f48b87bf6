import { TinyrunError } from '../../errors.ts';
import { native } from '../../native/index.ts';
import { SyscallError } from '../../native/syscall-error.ts';
import type { Fd } from '../../native/types.ts';
import type { Plan } from '../../plan/types.ts';
import { errnoMessage, planError } from '../failure.ts';
import type { ExitRecord } from '../life.ts';
import { forgetChild, openProcess } from '../pidfd.ts';
import type { Messages } from './messages.gen.ts';
import { decodeMessage, encodeMessage, type Message, type MessageName } from './messages.ts';
import { NONE, type Order, spawnMonitor } from './order.ts';

// The caller's half of what native/init/monitor.cc draws.

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
/** More than any message of a monitor. */
const LONGEST = 4096;

/**
 * Has a monitor run a plan and stay with its container; blocks until the program runs.
 * @throws TinyrunError naming the failing step, SyscallError; nothing of the processes is left then
 */
export async function startMonitor(order: Order): Promise<Monitored> {
  const [ours, theirs] = native().socketpair(SOCK_SEQPACKET);
  try {
    const pidfd = spawnOrClose(order, theirs);
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

function spawnOrClose(order: Order, theirs: Fd): Fd {
  try {
    return spawnMonitor(order, theirs);
  } finally {
    native().close(theirs);
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
  const close = (letGo: (monitor: Fd) => void) => {
    if (!open) return;
    open = false;
    letGo(monitor);
    for (const fd of [socket, pidfd]) if (fd >= 0) native().close(fd);
  };
  const forget = () => close(forgetChild);
  return {
    pid,
    pidfd,
    startTime,
    socket,
    // by its word alone where it may become another's; else all of it is done when it has gone
    ended: () =>
      goesOn
        ? ending(undefined, socket).finally(forget)
        : ending(monitor, socket).finally(() => close(native().close)),
    forget,
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
