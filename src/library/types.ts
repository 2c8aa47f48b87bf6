import type { Readable, Writable } from 'node:stream';
import type { CreateOptions, Lifeline } from '../engine/types.ts';
import type { Fd } from '../native/types.ts';

/**
 * Where one of a container's outputs goes: to this process's own, to whoever called (`run` keeps it for the result, `spawn`
 * hands it over as a stream), nowhere, to an fd, or to a stream, which is ended with the program unless it is
 * `process.stdout` or `process.stderr`.
 */
export type OutputOption = 'inherit' | 'pipe' | 'ignore' | Fd | Writable;

/** Where what a program reads comes from; `pipe` is for `spawn`. A stream is read as far as the program reads. */
export type InputOption = 'inherit' | 'pipe' | 'ignore' | Fd | Readable;

/** How a container is made, run and waited for. Times are milliseconds. */
export interface RunOptions extends Omit<CreateOptions, 'signal'> {
  /** Without: `inherit` where the configuration says `openStdin`, else `ignore`. Anything but `ignore` says so itself. */
  readonly stdin?: InputOption | undefined;
  /** What the program reads, in place of `stdin`. */
  readonly input?: string | Uint8Array | undefined;
  /** Without: `inherit` for `run`, `pipe` for `spawn`. */
  readonly stdout?: OutputOption | undefined;
  /** The same; `stdout` is wherever that goes, in the order it was written (2>&1). */
  readonly stderr?: OutputOption | 'stdout' | undefined;
  /**
   * fds that become 0, 1 and 2 of the container as they are, in place of the three: it may open anew what lies behind
   * them. All else is copied to and from pipes of its own.
   */
  readonly stdio?: readonly [Fd, Fd, Fd] | undefined;
  /** Of output that is kept: `buffer` for bytes; `utf8` without. */
  readonly encoding?: BufferEncoding | 'buffer' | undefined;
  /** Bytes of each output that are kept, 100 MB without. A program that writes more is ended; the rest is dropped. */
  readonly maxBuffer?: number | undefined;
  /** Its abort ends the container; where nothing was made yet, nothing will be. */
  readonly signal?: AbortSignal | undefined;
  /** How long the program may run from its start on; 0, no end, without. What comes before, the image, `signal` can bound. */
  readonly timeout?: number | undefined;
  /**
   * What is ended gets its stop signal, and SIGKILL so long afterwards: 10 000 without, as Docker has it. 0: SIGKILL at
   * once. What has not run an instruction yet is never asked first.
   */
  readonly forceKillAfterMs?: number | undefined;
  /** Throw a `RunError` with the result where that has `failed`. */
  readonly reject?: boolean | undefined;
  /** Pass the signals this process gets on to the container; the third SIGINT or SIGTERM kills it. */
  readonly sigProxy?: boolean | undefined;
  /**
   * Who is the container's parent, with whom it ends: this process (`command`, without), or a monitor, a small process of
   * its own: then the container outlives this process. Not with `stdio`.
   */
  readonly lifeline?: Lifeline | undefined;
  /** Set the container up on the calling thread, a few milliseconds: for a program that has nothing else to do. */
  readonly blocking?: boolean | undefined;
}

/** How a container ended. `O`: the options that it ran with, which say what of its output is kept. */
export interface RunResult<O = unknown> {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** The program's own, 128+n when a signal ended it, 125 when it was canceled before it ran. */
  readonly exitCode: number;
  /** The signal's number, when one ended it. */
  readonly signal?: number | undefined;
  /** The same as `SIGKILL`. */
  readonly signalName?: string | undefined;
  /** A process of it was killed for memory. */
  readonly oomKilled: boolean;
  /** It ran longer than `timeout`, and was ended. */
  readonly timedOut: boolean;
  /** `signal` was aborted before it had ended. */
  readonly isCanceled: boolean;
  /** It wrote more than `maxBuffer`, and was ended. */
  readonly isMaxBuffer: boolean;
  /** Any of these, or an exit code other than 0. */
  readonly failed: boolean;
  /** All that the program wrote, byte for byte, where it was to be kept: `run` with `pipe`. */
  readonly stdout: Kept<O, 'stdout'>;
  readonly stderr: Kept<O, 'stderr'>;
  /** From the program's start to its end by a clock that nobody sets, in milliseconds and parts of one. */
  readonly durationMs: number;
  /** One line of English. */
  readonly shortMessage: string;
  /** It was killed because whoever waited asked for its end three times (`sigProxy`). */
  readonly forced?: boolean | undefined;
}

/** A container that was asked for, is being made, runs or has ended: a promise of its result. */
export interface Running<O = unknown> extends Promise<RunResult>, AsyncIterable<string> {
  /** 64 hexadecimal digits; known before there is such a container. */
  readonly id: string;
  /** Of its first process as the host counts, once `started`. */
  readonly pid: number | undefined;
  /** Resolves when the program runs; rejects when it never does. */
  readonly started: Promise<{ readonly id: string; readonly pid: number }>;
  /** With `stdin: 'pipe'`. */
  readonly stdin: O extends { readonly stdin: 'pipe' } ? Writable : Writable | undefined;
  /** With `pipe`, which it is without. Who does not read makes the program wait. */
  readonly stdout: Handed<O, 'stdout'>;
  readonly stderr: Handed<O, 'stderr'>;
  /**
   * Sends the first process a signal, by name or number; one that comes early is kept for it. SIGTERM without.
   * @returns whether there is still somebody to get it
   * @throws TinyrunError USAGE when there is no such signal
   */
  kill(signal?: string | number): boolean;
  /** The lines of standard output, then the result's error, if it is one. */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined>;
}

type Output = 'stdout' | 'stderr';

/** What an option says, however its object was typed: undefined where it says nothing. */
type Said<O, K extends Output> = O extends { readonly [k in K]?: infer S } ? S : undefined;

type Text<O> = O extends { readonly encoding?: infer E }
  ? [E] extends ['buffer']
    ? Buffer
    : 'buffer' extends E
      ? string | Buffer
      : string
  : string;

type Kept<O, K extends Output> = unknown extends O
  ? string | Buffer | undefined
  : O extends { readonly [k in K]: 'pipe' }
    ? Text<O>
    : 'pipe' extends Said<O, K>
      ? Text<O> | undefined
      : undefined;

type Handed<O, K extends Output> = unknown extends O
  ? Readable | undefined
  : O extends { readonly [k in K]: infer S }
    ? S extends 'pipe'
      ? Readable
      : undefined
    : Readable;
