import { performance } from 'node:perf_hooks';
import type { Fd } from '../native/types.ts';
import { signalPidfd } from '../runtime/pidfd.ts';
import { type Forwarding, forwardSignals } from '../runtime/signals.ts';
import { SIGKILL, SIGTERM } from '../spec/linux.ts';
import type { Reason } from './result.ts';

export interface ReinsOptions {
  readonly signal: AbortSignal | undefined;
  readonly timeout: number;
  readonly forceKillAfterMs: number;
  readonly sigProxy: boolean;
  /** Someone else reads the output, and may never come to its end. */
  readonly isRead: boolean;
  readonly onStart: (pid: number) => void;
}

/** How long a monitor waits for who reads the last of a killed container's output. */
const PATIENCE_MS = 500;

/**
 * What ends a container from here: a caller's AbortSignal, the time it has, too much output. Also its signals' way to its
 * first process, which are kept until there is one.
 */
export class Reins implements Forwarding {
  /** The first one counts. */
  reason: Reason | undefined;
  /** It was to end before it ran. */
  early = false;
  /** Of the container; the image's and the configuration's word. */
  stopSignal: number = SIGTERM;
  pid: number | undefined;

  readonly #options: ReinsOptions;
  readonly #preparing = new AbortController();
  readonly #kept: number[] = [];
  #pidfd: Fd | undefined;
  #timer: NodeJS.Timeout | undefined;
  #proxy: Forwarding | undefined;
  #insist: (() => void) | undefined;
  #start = 0;
  #end: number | undefined;
  #isOver = false;

  constructor(options: ReinsOptions) {
    this.#options = options;
    const { signal } = options;
    if (signal?.aborted) this.end('canceled');
    else signal?.addEventListener('abort', this.#cancel, { once: true });
  }

  /** Aborted when nothing is to be made any more. */
  get preparing(): AbortSignal {
    return this.#preparing.signal;
  }

  get durationMs(): number {
    return this.#end === undefined ? 0 : this.#end - this.#start;
  }

  /** For the engine, which says when to begin. */
  readonly hold = ({ onInsist }: { onInsist: () => void }): Forwarding => {
    this.#insist = onInsist;
    if (this.#options.sigProxy) this.#proxy = forwardSignals({ onInsist });
    return this;
  };

  to(pidfd: Fd, pid: number): void {
    this.#start = performance.now();
    this.#pidfd = pidfd;
    this.pid = pid;
    this.#proxy?.to(pidfd, pid);
    for (const signal of this.#kept.splice(0)) signalPidfd(pidfd, signal);
    const { timeout, onStart } = this.#options;
    // it has done nothing yet that it could bring to an end
    if (this.reason) this.#force();
    else if (timeout > 0) this.#timer = setTimeout(() => this.end('timedOut'), timeout);
    onStart(pid);
  }

  drop(): void {
    this.#proxy?.drop();
    if (this.#pidfd !== undefined) this.#end = performance.now();
    this.#pidfd = undefined;
    this.#letGo();
    // who lets it be ended does not wait for who never reads
    if (this.reason && this.#options.isRead) this.#insist?.();
  }

  stop(): void {
    this.#proxy?.stop();
    this.#pidfd = undefined;
    this.#letGo();
  }

  end(reason: Reason): void {
    if (this.reason || this.#isOver) return;
    this.reason = reason;
    clearTimeout(this.#timer);
    if (this.#pidfd === undefined) {
      this.early = true;
      this.#preparing.abort();
      return;
    }
    const { forceKillAfterMs } = this.#options;
    // what has read half of its input must not go on as if that were all
    if (forceKillAfterMs === 0 || reason === 'broken') {
      this.#force();
    } else {
      signalPidfd(this.#pidfd, this.stopSignal);
      this.#timer = setTimeout(() => this.#force(), forceKillAfterMs);
    }
  }

  /** Answers whether somebody gets it. */
  kill(signal: number): boolean {
    if (this.#isOver) return false;
    if (this.#pidfd === undefined) this.#kept.push(signal);
    else signalPidfd(this.#pidfd, signal);
    return true;
  }

  readonly #cancel = (): void => this.end('canceled');

  #force(): void {
    this.kill(SIGKILL);
    if (this.#options.isRead) this.#timer = setTimeout(() => this.#insist?.(), PATIENCE_MS);
  }

  #letGo(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#cancel);
  }
}
