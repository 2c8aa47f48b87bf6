import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../native/index.ts';
import { openPidfd } from './pidfd.ts';

/** A file of /proc or a cgroup that may go while we look. */
function readGone(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EOPNOTSUPP: cgroup.procs of a threaded cgroup.
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'EOPNOTSUPP') return '';
    throw error;
  }
}

function childrenOf(cgroup: string): string[] {
  try {
    return readdirSync(cgroup, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(cgroup, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The processes in a cgroup and those below it, as pids of our namespace; cgroup-v2.rst, cgroup.procs. */
export function cgroupPids(cgroup: string): number[] {
  const own = readGone(join(cgroup, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  // 0: a process of another pid namespace, which we could not signal.
  return [...own, ...childrenOf(cgroup).flatMap(cgroupPids)].filter((pid) => pid > 0);
}

/** Sends a signal to a process through a pidfd; a process that is gone is no error. */
function signalOne(pid: number, signal: number, stillThere: () => boolean): void {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  try {
    // The pid may have been given to another process before the pidfd was opened: look once more.
    if (stillThere()) native().pidfdSendSignal(pidfd, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  } finally {
    native().close(pidfd);
  }
}

/** Sends a signal to every process of a cgroup. */
export function signalCgroup(cgroup: string, signal: number): void {
  for (const pid of cgroupPids(cgroup)) signalOne(pid, signal, () => cgroupPids(cgroup).includes(pid));
}
