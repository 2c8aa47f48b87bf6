import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { errnoOf } from '../errors.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import { SIGKILL } from '../spec/linux.ts';
import { type Lock, lockDirectorySync, tryLockDirectory } from '../store/lock.ts';
import { openProcess, signalPidfd } from './pidfd.ts';
import { bootId, isAlive } from './state.ts';

// What runs in a container beside its first process, by id: `execs/ID` of its run directory, made by the first that comes. A
// program under a monitor has a directory, whose own flock(2) is that monitor's: a free one was killed. One whose parent is
// the command, which may go before it does, has a link; its text is PID:START of both, that of the directory's `process`
// of the program alone.

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
  const own = `${process.pid}:${native().startTime(process.pid)}`;
  makeIn(run, () => symlinkSync(`${pid}:${startTime}:${own}`, execPath(run, id)));
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
  return hasMonitor ? found !== undefined : !processesOf(path).some(runs);
}

/** Those that run, or are just being made or taken back by a monitor. */
export const execIds = (run: string): string[] =>
  idsOf(
    allOf(run).filter((one) =>
      one.hasMonitor ? !isOver(one) : processesOf(one.path).slice(0, 1).some(runs),
    ),
  );

/** Those that something is left of. */
export const execsLeft = (run: string): string[] => idsOf(allOf(run).filter(isOver));

const idsOf = (found: readonly Found[]): string[] => found.map(({ id }) => id);

/**
 * Takes back what is over. `onEnd` is told of each whose parent could not tell of its end, and of the signal that one has
 * from its monitor; which end a program had whose command was killed, nobody has heard.
 */
export function sweepExecs(run: string, onEnd: (id: string, signal?: number) => void): void {
  for (const { id, path, hasMonitor } of allOf(run)) {
    const lock = hasMonitor ? tryLockDirectory(path) : undefined;
    if (lock !== undefined) {
      const ran = endProcess(`${path}/process`);
      forgetExec(run, id);
      lock.release();
      if (ran) onEnd(id, SIGKILL);
    } else if (!hasMonitor && isLinkLeft(path)) onEnd(id);
  }
}

/** Whether there was one of a program and its command that have both ended; it is no more. */
function isLinkLeft(path: string): boolean {
  const told = processesOf(path);
  if (told.some(runs)) return false;
  try {
    unlinkSync(path);
  } catch (error) {
    // another tells
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
  return told.length > 0;
}

/** A set-uid program does not end with its parent. False: there never was one. */
function endProcess(link: string): boolean {
  const [found] = processesOf(link);
  if (found === undefined) return false;
  const pidfd = openProcess(found.pid, BigInt(found.startTime));
  if (pidfd === undefined) return true;
  signalPidfd(pidfd, SIGKILL);
  native().close(pidfd);
  return true;
}

interface Told {
  readonly pid: number;
  readonly startTime: string;
}

/** One that nobody has waited for yet has ended, too. */
const runs = (told: Told): boolean => isAlive({ ...told, bootId: bootId() });

/** Which processes a link tells of, the program first; none: there is no such link. */
function processesOf(link: string): Told[] {
  try {
    const text = readlinkSync(link);
    if (!/^[1-9]\d{0,8}:\d{1,19}(?::[1-9]\d{0,8}:\d{1,19})?$/.test(text)) return [];
    const [pid, startTime = '', command, commandStart = ''] = text.split(':');
    const program = { pid: Number(pid), startTime };
    return command === undefined ? [program] : [program, { pid: Number(command), startTime: commandStart }];
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}
