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

/** How a program is run and waited for: a container's first, or a further one. Times are milliseconds. */
export interface ProcessOptions {
  /** Without: `inherit` where the configuration says `openStdin`, else `ignore`. Anything but `ignore` says so itself. */
  readonly stdin?: InputOption | undefined;
  /** What the program reads, in place of `stdin`. */
  readonly input?: string | Uint8Array | undefined;
  /** Without: `inherit` for `run`, `pipe` for all else. */
  readonly stdout?: OutputOption | undefined;
  /** The same; `stdout` is wherever that goes, in the order it was written (2>&1). */
  readonly stderr?: OutputOption | 'stdout' | undefined;
  /**
   * fds that become 0, 1 and 2 of the program as they are, in place of the three: it may open anew what lies behind
   * them. All else is copied to and from pipes of its own.
   */
  readonly stdio?: readonly [Fd, Fd, Fd] | undefined;
  /** Of output that is kept: `buffer` for bytes; `utf8` without. */
  readonly encoding?: BufferEncoding | 'buffer' | undefined;
  /** Bytes of each output that are kept, 100 MB without. A program that writes more is ended; the rest is dropped. */
  readonly maxBuffer?: number | undefined;
  /** Its abort ends the program; where nothing was made yet, nothing will be. */
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
  /** Set it up on the calling thread, a few milliseconds: for a program that has nothing else to do. */
  readonly blocking?: boolean | undefined;
}

/** How a container is made, run and waited for. */
export interface RunOptions extends Omit<CreateOptions, 'signal'>, ProcessOptions {
  /** Pass the signals this process gets on to the container; the third SIGINT or SIGTERM kills it. */
  readonly sigProxy?: boolean | undefined;
  /**
   * Who is the container's parent, with whom it ends: this process (`command`, without), or a monitor, a small process of
   * its own: then the container outlives this process. Not with `stdio`.
   */
  readonly lifeline?: Lifeline | undefined;
}

/** How a program ended. */
export interface ProcessResult<Out = Output, Err = Output> {
  /** 64 hexadecimal digits: of its container. */
  readonly id: string;
  /** The program's own, 128+n when a signal ended it, 125 when it was canceled before it ran. */
  readonly exitCode: number;
  /** The signal's number, when one ended it. */
  readonly signal?: number | undefined;
  /** The same as `SIGKILL`. */
  readonly signalName?: string | undefined;
  /** It ran longer than `timeout`, and was ended. */
  readonly timedOut: boolean;
  /** `signal` was aborted before it had ended. */
  readonly isCanceled: boolean;
  /** It wrote more than `maxBuffer`, and was ended. */
  readonly isMaxBuffer: boolean;
  /** Any of these, or an exit code other than 0. */
  readonly failed: boolean;
  /** All that the program wrote, byte for byte, where it was to be kept: `run` with `pipe`, `exec` unless told otherwise. */
  readonly stdout: Out;
  readonly stderr: Err;
  /** From the program's start to its end by a clock that nobody sets, in milliseconds and parts of one. */
  readonly durationMs: number;
  /** One line of English. */
  readonly shortMessage: string;
}

/** How a container ended. `O`: the options that it ran with, which say what of its output is kept. */
export interface RunResult<O = unknown> extends ProcessResult<Kept<O, 'stdout'>, Kept<O, 'stderr'>> {
  /** A process of it was killed for memory. */
  readonly oomKilled: boolean;
  /** It was killed because whoever waited asked for its end three times (`sigProxy`). */
  readonly forced?: boolean | undefined;
}

/** How a further program of a container ended; `O` as of `RunResult`. */
export type ExecResult<O = unknown> = ProcessResult<KeptAnyhow<O, 'stdout'>, KeptAnyhow<O, 'stderr'>>;

/** A program that was asked for, is being made, runs or has ended: a promise of its result. */
export interface Running<O = unknown, R = RunResult> extends Promise<R>, AsyncIterable<string> {
  /** Of its container, 64 hexadecimal digits; known before there is such a container. */
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
   * @example
   * const running = engine.spawn({ image: 'busybox', args: ['sleep', '100'], init: true, autoRemove: true });
   * running.kill('SIGTERM');
   * console.log((await running).exitCode); // 143
   */
  kill(signal?: string | number): boolean;
  /** The lines of standard output, then the result's error, if it is one. */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined>;
}

/** What may be there of an output, whatever the options. */
type Output = string | Buffer | undefined;

type OutputName = 'stdout' | 'stderr';

/** What an option says, however its object was typed: undefined where it says nothing. */
type Said<O, K extends OutputName> = O extends { readonly [k in K]?: infer S } ? S : undefined;

type Text<O> = 'encoding' extends keyof O
  ? [O['encoding']] extends ['buffer']
    ? Buffer
    : 'buffer' extends O['encoding']
      ? string | Buffer
      : string
  : string;

type Kept<O, K extends OutputName> = unknown extends O
  ? Output
  : O extends { readonly [k in K]: 'pipe' }
    ? Text<O>
    : 'pipe' extends Said<O, K>
      ? Text<O> | undefined
      : undefined;

/** The same where it is kept unless the options say otherwise. */
type KeptAnyhow<O, K extends OutputName> = unknown extends O
  ? Output
  : K extends keyof O
    ? [O[K]] extends ['pipe']
      ? Text<O>
      : 'pipe' extends O[K]
        ? Text<O> | undefined
        : undefined extends O[K]
          ? Text<O> | undefined
          : undefined
    : Text<O>;

type Handed<O, K extends OutputName> = unknown extends O
  ? Readable | undefined
  : O extends { readonly [k in K]: infer S }
    ? S extends 'pipe'
      ? Readable
      : undefined
    : Readable;
