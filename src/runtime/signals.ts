import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import { SIGNALS, signalNumber } from '../spec/linux.ts';

/** Not passed on: they cannot be caught, belong to this process, or would stop it before it could pass them. */
const KEPT = ['KILL', 'STOP', 'CHLD', 'CLD', 'URG', 'PIPE', 'WINCH', 'PROF'];
/** Raised by this process's own faults; a handler would loop. */
const FAULTS = ['SEGV', 'BUS', 'FPE', 'ILL', 'TRAP', 'ABRT', 'IOT', 'SYS'];
/** Second names of signals that are passed on by their first. */
const ALIASES = ['POLL'];

const FORWARDED: readonly NodeJS.Signals[] = Object.keys(SIGNALS)
  .filter((name) => ![...KEPT, ...FAULTS, ...ALIASES].includes(name))
  .map((name) => `SIG${name}` as NodeJS.Signals);

/**
 * A signal by number (`9`) or name (`KILL`, `SIGKILL`, `sigkill`, `RTMIN+1`), as kill(1), docker and runc take it; 0 probes.
 * @throws TinyrunError (USAGE)
 */
export function parseSignal(text: string): number {
  const number = text === '0' ? 0 : signalNumber(text);
  if (number !== undefined) return number;
  throw new TinyrunError('USAGE', `unknown signal ${JSON.stringify(text)}`, {
    hint: 'kill -l lists the names; numbers go from 1 to 64',
  });
}

/**
 * Passes the signals this process gets on to a container's first process until the returned function is called.
 * A container that has ended is no error. Given a function, the pidfd is asked for at each signal: so handlers can be
 * there before the container is and when it has gone (-1), and a signal that comes early reaches it all the same.
 */
export function forwardSignals(pidfd: Fd | (() => Fd)): () => void {
  const handler = (_name: NodeJS.Signals, number: number): void => {
    const target = typeof pidfd === 'number' ? pidfd : pidfd();
    if (target < 0) return;
    try {
      native().pidfdSendSignal(target, number);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  };
  for (const name of FORWARDED) process.on(name, handler);
  return () => {
    for (const name of FORWARDED) process.off(name, handler);
  };
}
