import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import { SIGKILL, SIGNALS, SIGUSR1, signalNumber } from '../spec/linux.ts';
import { signalPidfd } from './pidfd.ts';

/**
 * Not passed on: they cannot be caught, belong to this process, or would stop it before it could pass them. TTIN and
 * TTOU stop who uses its terminal from the background: caught, the kernel would send them again and again.
 */
const KEPT = ['KILL', 'STOP', 'CHLD', 'CLD', 'URG', 'PIPE', 'WINCH', 'PROF', 'TTIN', 'TTOU'];
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
  /** From here on they go to this container's first process (-1: it has ended), those first that came before there was one. */
  to(pidfd: Fd, pid: number): void;
  /** It has ended: what still comes is for nobody. */
  drop(): void;
  /** Signals do again what they do in a program that does not ask for them. */
  stop(): void;
}

const ASKING: readonly string[] = ['SIGINT', 'SIGTERM'];
/** How often a person asks before it is an order, as with Docker's client. */
const PATIENCE = 3;

/**
 * Passes on the signals this process gets from now on. A container that has ended is no error. With `onInsist` the third
 * SIGINT or SIGTERM kills it, and the caller is told.
 */
export function forwardSignals({
  onInsist,
  onSent,
}: {
  onInsist?: () => void;
  onSent?: (signal: number) => void;
} = {}): Forwarding {
  const early: number[] = [];
  let take = (signal: number): void => void early.push(signal);
  let asked = 0;
  const handler = (name: NodeJS.Signals, signal: number): void => {
    const insists = onInsist !== undefined && ASKING.includes(name) && ++asked === PATIENCE;
    take(insists ? SIGKILL : signal);
    if (insists) onInsist();
  };
  for (const name of FORWARDED) process.on(name, handler);
  native().unblockSignal(SIGUSR1);
  return {
    to: (pidfd) => {
      take = (signal) => {
        onSent?.(signal);
        signalPidfd(pidfd, signal);
      };
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
