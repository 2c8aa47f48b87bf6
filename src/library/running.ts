import type { Readable, Writable } from 'node:stream';
import { ConfigError } from '../engine/config/error.ts';
import { parseSignal } from '../runtime/signals.ts';
import { SIGTERM } from '../spec/linux.ts';
import { linesOf } from './lines.ts';
import type { Reins } from './reins.ts';
import type { Streams } from './streams.ts';
import type { ProcessResult, Running } from './types.ts';

type Started = { readonly id: string; readonly pid: number };

/** What a program under way is made of. */
export interface Parts<R extends ProcessResult = ProcessResult> {
  readonly id: string;
  readonly reins: Reins;
  readonly streams: Streams;
  readonly started: Promise<Started>;
  readonly result: Promise<R>;
}

/** A program under way: its result's promise, with a hand on it. */
export class RunningProgram<R extends ProcessResult> implements Running<unknown, R> {
  readonly [Symbol.toStringTag] = 'RunningProgram';
  readonly id: string;
  readonly started: Promise<Started>;
  readonly stdin: Writable | undefined;
  readonly stdout: Readable | undefined;
  readonly stderr: Readable | undefined;
  readonly #reins: Reins;
  readonly #result: Promise<R>;

  constructor({ id, reins, streams, started, result }: Parts<R>) {
    this.id = id;
    this.started = started;
    this.stdin = streams.stdin;
    this.stdout = streams.stdout;
    this.stderr = streams.stderr;
    this.#reins = reins;
    this.#result = result;
  }

  get pid(): number | undefined {
    return this.#reins.pid;
  }

  kill(signal: string | number = SIGTERM): boolean {
    return this.#reins.kill(parseSignal(String(signal)));
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise of its result
  then<A = R, B = never>(
    onResult?: ((result: R) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#result.then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<R | B> {
    return this.#result.catch(onError);
  }

  finally(onEnd?: (() => void) | null): Promise<R> {
    return this.#result.finally(onEnd);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    // who stops early does not ask how it ended
    this.#result.catch(() => {});
    if (!this.stdout) throw new ConfigError('stdout', "there are lines to read of 'pipe' only");
    yield* linesOf(this.stdout);
    await this.#result;
  }
}
