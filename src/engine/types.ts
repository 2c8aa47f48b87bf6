import type { Fd } from '../native/types.ts';
import type { Forwarding } from '../runtime/signals.ts';
import type { Lifeline } from '../runtime/state.ts';

export type { Lifeline } from '../runtime/state.ts';

/** Told one line for people, such as where an image came from. */
export type Notify = (line: string) => void;

/** How a container is made: nothing that it is afterwards. */
export interface CreateOptions {
  /** `[a-zA-Z0-9][a-zA-Z0-9_.-]+`; one is made up when missing. */
  readonly name?: string | undefined;
  /** When the image is fetched from a registry; `missing` without. */
  readonly pull?: 'missing' | 'never' | 'always' | undefined;
  /** File that the id is written to; must not exist. */
  readonly cidfile?: string | undefined;
  readonly notify?: Notify | undefined;
  /** Say nothing of an image that is fetched. */
  readonly quiet?: boolean | undefined;
  /** Gives up fetching the image; AbortError then. */
  readonly signal?: AbortSignal | undefined;
}

export type StandardStream = 'stdin' | 'stdout' | 'stderr';

/** Passes signals on; is told of each that is going to be sent. */
export type Forward = (options: { onInsist: () => void; onSent?: (signal: number) => void }) => Forwarding;

/** How a container is run by somebody who waits for it. */
export interface RunControl extends CreateOptions {
  /**
   * fds that become 0, 1 and 2 of the container as they are: it may open what lies behind them anew. Without, it has pipes
   * of its own, copied to and from the caller's standard streams.
   */
  readonly stdio?: readonly [Fd, Fd, Fd] | undefined;
  /** The caller's fds that the pipes are copied to and from; 0, 1 and 2 without. */
  readonly copied?: readonly [Fd, Fd, Fd] | undefined;
  /** Of those the ones that are joined, of a container that has a monitor; all without. */
  readonly attach?: readonly StandardStream[] | undefined;
  /** The id, where its caller wants to know it beforehand. */
  readonly id?: string | undefined;
  /** Whose signals the container gets; with `sigProxy` alone, those of this process. */
  readonly forward?: Forward | undefined;
  /** Pass the signals this process gets on to the container; the third SIGINT or SIGTERM kills it. */
  readonly sigProxy?: boolean | undefined;
  /** Bytes that leave a terminal, ctrl-p, ctrl-q without; [] for none. Of a container that has a monitor. */
  readonly detachKeys?: readonly number[] | undefined;
  /**
   * Who is the container's parent, with whom it ends: this process (the default), or a monitor, a small process of its own:
   * then the container outlives this process, which may be killed. Not with `stdio`, nor for who looks on.
   */
  readonly lifeline?: Lifeline | undefined;
  /** Set the container up on the calling thread, a few milliseconds: for a program that has nothing else to do. */
  readonly blocking?: boolean | undefined;
}

/** How a further process is run. */
export type ExecControl = Pick<RunControl, 'stdio' | 'copied' | 'blocking' | 'detachKeys' | 'forward'>;

/** How it ended, or that it was left. */
export type ExecResult = Pick<RunResult, 'exitCode' | 'signal' | 'isDetached'>;

/** How a container ended. */
export interface RunResult {
  readonly id: string;
  /** The program's own, or 128+n when a signal ended it. */
  readonly exitCode: number;
  /** The signal's number, when one ended it. */
  readonly signal?: number | undefined;
  readonly oomKilled: boolean;
  /** It goes on: whoever was at its terminal has left it by the keys for that. */
  readonly isDetached?: boolean | undefined;
  /** It was killed because whoever waited asked for its end three times. */
  readonly forced?: boolean | undefined;
}
