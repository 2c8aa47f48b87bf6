import { constants } from 'node:os';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

/** Highest signal of Linux, SIGRTMAX; signal(7). */
const LAST_SIGNAL = 64;
/** What the C library leaves of the real-time signals to programs. */
const RTMIN = 34;

/** Not passed on: they cannot be caught, belong to this process, or would stop it before it could pass them. */
const KEPT = new Set(['SIGKILL', 'SIGSTOP', 'SIGCHLD', 'SIGURG', 'SIGPIPE', 'SIGWINCH', 'SIGPROF']);
/** Raised by this process's own faults; a handler would loop. */
const FAULTS = new Set(['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGIOT', 'SIGSYS']);

/**
 * A signal by number (`9`) or name (`KILL`, `SIGKILL`, `sigkill`, `RTMIN+1`), as kill(1), docker and runc take it.
 * @throws TinyrunError (USAGE)
 */
export function parseSignal(text: string): number {
  const name = text.toUpperCase().replace(/^SIG/, '');
  if (/^\d+$/.test(name)) {
    const number = Number(name);
    if (number >= 0 && number <= LAST_SIGNAL) return number;
  }
  const known = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (known !== undefined) return known;
  const realTime = /^RT(MIN|MAX)([+-]\d+)?$/.exec(name);
  if (realTime !== null) {
    const number = (realTime[1] === 'MIN' ? RTMIN : LAST_SIGNAL) + Number(realTime[2] ?? 0);
    if (number >= RTMIN && number <= LAST_SIGNAL) return number;
  }
  throw new TinyrunError('USAGE', `unknown signal ${JSON.stringify(text)}`, {
    hint: 'kill -l lists the names; numbers go from 1 to 64',
  });
}

/**
 * Passes the signals this process gets on to a container's first process until the returned function is called.
 * A container that has ended is no error.
 */
export function forwardSignals(pidfd: Fd): () => void {
  const handler = (_name: NodeJS.Signals, number: number): void => {
    try {
      native().pidfdSendSignal(pidfd, number);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  const names = Object.keys(constants.signals).filter((name) => !KEPT.has(name) && !FAULTS.has(name));
  for (const name of names) process.on(name as NodeJS.Signals, handler);
  return () => {
    for (const name of names) process.off(name as NodeJS.Signals, handler);
  };
}
