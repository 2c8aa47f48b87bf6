import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import { join } from '../store/join.ts';
import { openProcess, signalPidfd } from './pidfd.ts';

/** A file of /proc or a cgroup that may go while we look: '' then. */
export function readGone(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const code = errnoOf(error);
    // EOPNOTSUPP: cgroup.procs of a threaded cgroup.
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ESRCH' || code === 'EOPNOTSUPP') return '';
    throw error;
  }
}

function childrenOf(cgroup: string): string[] {
  try {
    return readdirSync(cgroup, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(cgroup, entry.name));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The processes in a cgroup and those below it, as pids of our namespace; cgroup-v2.rst, cgroup.procs. */
export function cgroupPids(cgroup: string): number[] {
  const own = readGone(join(cgroup, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  // 0: a process of another pid namespace, which we could not signal.
  return [...own, ...childrenOf(cgroup).flatMap(cgroupPids)].filter((pid) => pid > 0);
}

/**
 * How often the kernel ended a process of the cgroup for want of memory, the first one or a child; undefined without the
 * memory controller.
 */
export function oomKills(cgroup: string | undefined): number | undefined {
  const events = cgroup === undefined ? '' : readGone(join(cgroup, 'memory.events'));
  return events === '' ? undefined : Number(/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0);
}

/** Sends a signal to a process through a pidfd; a process that is gone is no error. */
function signalOne(pid: number, startTime: bigint | undefined, signal: number): void {
  const pidfd = startTime === undefined ? undefined : openProcess(pid, startTime);
  if (pidfd === undefined) return;
  try {
    signalPidfd(pidfd, signal);
  } finally {
    native().close(pidfd);
  }
}

/** Sends a signal to each of the processes. */
export function signalEach(pids: readonly number[], signal: number): void {
  const known = pids.map((pid) => [pid, native().startTime(pid)] as const);
  for (const [pid, startTime] of known) signalOne(pid, startTime, signal);
}

/** What keeps a new container from living in a cgroup, undefined when nothing does; runc's words. */
function whyUninhabitable(cgroup: string): string | undefined {
  const count = existsSync(cgroup) ? cgroupPids(cgroup).length : 0;
  if (count > 0) return `container's cgroup is not empty: ${count} process(es) found`;
  const frozen = frozenAt(cgroup);
  // One born into a frozen cgroup would never get to its first instruction, and its maker wait for that.
  return frozen && `container's cgroup unexpectedly frozen: ${frozen}/cgroup.freeze is 1`;
}

/** The frozen cgroup that a cgroup is or would be made in. The root of the hierarchy has no cgroup.freeze. */
function frozenAt(cgroup: string, below = false): string | undefined {
  const file = join(cgroup, 'cgroup.freeze');
  const isThere = existsSync(file);
  if ((below && !isThere) || cgroup === dirname(cgroup)) return undefined;
  if (isThere && readGone(file).startsWith('1')) return cgroup;
  return frozenAt(dirname(cgroup), isThere);
}

/**
 * A cgroup with processes is somebody's: delete would kill them with the container's.
 * @throws TinyrunError (NAME_IN_USE) when a container cannot be born into it
 */
export function checkHabitable(cgroup: string): void {
  const why = whyUninhabitable(cgroup);
  if (why === undefined) return;
  throw new TinyrunError('NAME_IN_USE', why, {
    hint: `give it one of its own by linux.cgroupsPath, or end what runs in ${cgroup}, or thaw it`,
  });
}

/** `key value` lines. */
export function parseFlat(text: string): Record<string, number> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        const [key = '', value] = line.split(' ');
        return [key, Number(value)];
      }),
  );
}
