import { errnoOf } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

/** A pidfd of a process that may be gone, then undefined; the caller's to close. */
export function openPidfd(pid: number): Fd | undefined {
  try {
    return native().pidfdOpen(pid);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}

/** The same of the process that started then: the pidfd first, then the proof that the pid is not another's by now. */
export function openProcess(pid: number, startTime: bigint): Fd | undefined {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined || native().startTime(pid) === startTime) return pidfd;
  native().close(pidfd);
  return undefined;
}

/** Sends a signal; a process that has ended (-1: before it could be held) is no error. */
export function signalPidfd(pidfd: Fd, signal: number): void {
  if (pidfd < 0) return;
  try {
    native().pidfdSendSignal(pidfd, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

/**
 * Nobody waits for the end of a child of this process, which may be long in coming: closes its pidfd, and leaves no zombie
 * behind as long as we are there. A container with one in it could not end.
 */
export function forgetChild(pidfd: Fd): void {
  if (pidfd < 0) return;
  native().forgetPidfd(pidfd);
  native().close(pidfd);
}

/** Resolves true when a process, of whoever, has ended; false when it has not `within` that many milliseconds. */
export async function hasEnded(pidfd: Fd, within?: number): Promise<boolean> {
  const end = native()
    .pollPidfd(pidfd, within)
    .then((ended) => ended !== false);
  if (within === undefined) return await end;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), within);
  });
  try {
    return await Promise.race([end, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when no process has that pid, or the one that has it ends. */
export async function waitForEnd(pid: number): Promise<void> {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  try {
    await hasEnded(pidfd);
  } finally {
    native().close(pidfd);
  }
}
