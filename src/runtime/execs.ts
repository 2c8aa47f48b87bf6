import { existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, symlinkSync } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import { SIGKILL } from '../spec/linux.ts';
import { type Lock, lockDirectorySync, tryLockDirectory } from '../store/lock.ts';
import { openProcess, signalPidfd } from './pidfd.ts';
import { bootId, isAlive } from './state.ts';

// What runs in a container beside its first process, by id: `execs/ID` of its run directory, made by the first that comes. A
// program under a monitor has a directory, whose own flock(2) is that monitor's: a free one was killed. One whose parent is
// the command, which may go before it does, has a link; its text, and that of the directory's `process`, is PID:START.

export const execsDir = (run: string): string => `${run}/execs`;
export const execPath = (run: string, id: string): string => `${execsDir(run)}/${id}`;

/** A directory whose lock this process holds. */
export interface ClaimedExec {
  readonly path: string;
  readonly lock: Lock;
}

/** Undefined: the container has gone. */
export function claimExec(run: string, id: string): ClaimedExec | undefined {
  const path = execPath(run, id);
  for (;;) {
    if (!makeIn(run, () => mkdirSync(path, { mode: 0o700 }))) return undefined;
    try {
      return { path, lock: lockDirectorySync(path) };
    } catch (error) {
      // a sweep found it still without its lock
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** One whose parent is this process runs, or has by now. */
export function noteExec(
  run: string,
  id: string,
  { pid, startTime }: { readonly pid: number; readonly startTime: bigint },
): void {
  makeIn(run, () => symlinkSync(`${pid}:${startTime}`, execPath(run, id)));
}

/** Makes something in `execs`, and that where it is missing; false: the container has gone. */
function makeIn(run: string, make: () => void): boolean {
  for (const isFirst of [true, false]) {
    try {
      make();
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
    if (isFirst && !makeDir(execsDir(run))) return false;
  }
  return false;
}

function makeDir(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  return true;
}

/** It has ended, or never came to be. The container may have been taken back meanwhile, without what came too late for that. */
export function forgetExec(run: string, id: string): void {
  native().removeTree(AT_FDCWD, execPath(run, id));
  if (hasLock(run)) return;
  for (const path of [execsDir(run), run]) {
    try {
      rmdirSync(path);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'ENOENT' && code !== 'ENOTEMPTY') throw error;
    }
  }
}

const hasLock = (run: string): boolean => existsSync(`${run}/lock`);

interface Found {
  readonly id: string;
  readonly path: string;
  readonly hasMonitor: boolean;
}

function allOf(run: string): Found[] {
  try {
    return readdirSync(execsDir(run), { withFileTypes: true }).map((entry) => ({
      id: entry.name,
      path: execPath(run, entry.name),
      hasMonitor: entry.isDirectory(),
    }));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Its monitor, or its command and then itself, was killed. */
function isOver({ path, hasMonitor }: Found): boolean {
  const found = hasMonitor ? tryLockDirectory(path) : undefined;
  found?.release();
  return hasMonitor ? found !== undefined : !runs(path);
}

/** Those that run, or are just being made or taken back. */
export const execIds = (run: string): string[] => idsOf(allOf(run).filter((one) => !isOver(one)));

/** Those that something is left of. */
export const execsLeft = (run: string): string[] => idsOf(allOf(run).filter(isOver));

const idsOf = (found: readonly Found[]): string[] => found.map(({ id }) => id);

/** Takes back what is over; `onKilled` is told of each whose monitor could not tell of its end. */
export function sweepExecs(run: string, onKilled: (id: string) => void): void {
  for (const { id, path, hasMonitor } of allOf(run)) {
    const lock = hasMonitor ? tryLockDirectory(path) : undefined;
    if (hasMonitor ? !lock : runs(path)) continue;
    const ran = lock !== undefined && endProcess(`${path}/process`);
    forgetExec(run, id);
    lock?.release();
    if (ran) onKilled(id);
  }
}

/** A set-uid program does not end with its parent. False: there never was one. */
function endProcess(link: string): boolean {
  const found = processOf(link);
  if (found === undefined) return false;
  const pidfd = openProcess(found.pid, BigInt(found.startTime));
  if (pidfd === undefined) return true;
  signalPidfd(pidfd, SIGKILL);
  native().close(pidfd);
  return true;
}

/** One that nobody has waited for yet has ended, too. */
function runs(link: string): boolean {
  const found = processOf(link);
  return found !== undefined && isAlive({ ...found, bootId: bootId() });
}

/** Which process a link tells of; undefined: there is no such link. */
function processOf(link: string): { pid: number; startTime: string } | undefined {
  try {
    const [, pid, startTime = ''] = /^(\d{1,9}):(\d{1,19})$/.exec(readlinkSync(link)) ?? [];
    return pid === undefined ? undefined : { pid: Number(pid), startTime };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  }
}
