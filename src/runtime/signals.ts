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

/** Signals of this process on their way to a container. */
export interface Forwarding {
  /** From here on they go to this container's first process, those first that came before there was one. */
  to(pidfd: Fd): void;
  /** It has ended: what still comes is for nobody. */
  drop(): void;
  /** Signals do again what they do in a program that does not ask for them. */
  stop(): void;
}

/** Passes on the signals this process gets from now on. A container that has ended is no error. */
export function forwardSignals(): Forwarding {
  const early: number[] = [];
  let take = (signal: number): void => void early.push(signal);
  const handler = (_name: NodeJS.Signals, signal: number): void => take(signal);
  for (const name of FORWARDED) process.on(name, handler);
  return {
    to: (pidfd) => {
      take = (signal) => send(pidfd, signal);
      for (const signal of early.splice(0)) take(signal);
    },
    drop: () => {
      take = () => {};
    },
    stop: () => {
      for (const name of FORWARDED) process.off(name, handler);
    },
  };
}

function send(pidfd: Fd, signal: number): void {
  try {
    native().pidfdSendSignal(pidfd, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
