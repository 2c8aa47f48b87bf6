import { signalName } from '../spec/linux.ts';
import type { Ended } from './begin.ts';
import type { ProcessResult } from './types.ts';

/** The numbers among the options. */
export interface Limits {
  readonly timeout: number;
  readonly forceKillAfterMs: number;
  readonly maxBuffer: number;
}

/** Why a program was ended from here. */
export type Reason = 'canceled' | 'timedOut' | 'maxBuffer' | 'broken';

/** What is known when a program has ended, of which its result is made. */
export interface Outcome {
  /** As its user calls it. */
  readonly name: string;
  /** Undefined: it never ran. */
  readonly ended: Ended | undefined;
  readonly reason: Reason | undefined;
  readonly durationMs: number;
  readonly limits: Pick<Limits, 'timeout' | 'maxBuffer'>;
  /** It is not its container's first: what the kernel kills for memory is not told of it. */
  readonly isFurther?: boolean | undefined;
}

/** Docker's for what never ran. */
const NEVER_RAN = 125;

export function resultOf(
  id: string,
  outcome: Outcome,
  output: { readonly stdout: string | Buffer | undefined; readonly stderr: string | Buffer | undefined },
): ProcessResult & Pick<Ended, 'oomKilled' | 'forced'> {
  const { ended, reason, durationMs, isFurther } = outcome;
  const { exitCode = NEVER_RAN, signal, oomKilled = false, forced } = ended ?? {};
  return {
    id,
    exitCode,
    ...(signal === undefined ? {} : { signal, signalName: signalName(signal) }),
    ...(isFurther ? {} : { oomKilled }),
    timedOut: reason === 'timedOut',
    isCanceled: reason === 'canceled',
    isMaxBuffer: reason === 'maxBuffer',
    failed: reason !== undefined || exitCode !== 0,
    ...output,
    durationMs,
    shortMessage: messageOf(outcome),
    ...(forced ? { forced } : {}),
  };
}

/** One line: what was ended from here is told by why, anything else by how. */
export function messageOf({ name, ended, reason, limits }: Outcome): string {
  if (reason === 'timedOut') return `${name} timed out after ${limits.timeout} ms`;
  if (reason === 'canceled') return `${name} was canceled`;
  if (reason === 'maxBuffer') return `${name} wrote more than ${limits.maxBuffer} bytes`;
  return `${name} ${howEnded(ended ?? { exitCode: NEVER_RAN })}`;
}

/** `exited with 3`. */
export function howEnded({ exitCode, signal, oomKilled }: Ended): string {
  const how = signal === undefined ? `exited with ${exitCode}` : `was ended by ${signalName(signal)}`;
  return `${how}${oomKilled ? ' (killed for memory)' : ''}`;
}

/**
 * A program that failed, where that was to be an error (`reject`). The message is one line and nothing that the program
 * wrote: a terminal that it is printed to must not be the program's to write on.
 */
export class RunError<R extends ProcessResult = ProcessResult> extends Error {
  override readonly name = 'RunError';
  constructor(readonly result: R) {
    super(result.shortMessage);
  }
  /** What a command should end with that did nothing but run it. */
  get exitCode(): number {
    return this.result.exitCode || 1;
  }
}
