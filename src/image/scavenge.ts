import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'minor' }) => void;

let collect: Collect | undefined;

/** V8's own collector of young objects, where unpack/thread.ts has had it shown. */
function collector(): Collect | undefined {
  return runInNewContext('globalThis.gc') as Collect | undefined;
}

/**
 * Counts the bytes of short-lived buffers, and has them collected every `limit`. V8 waits until objects fill its young
 * generation; a stream's chunks lie outside of it, so that it would wait for 40 MB of them in each thread.
 */
export class Scavenger {
  #bytes = 0;
  constructor(readonly limit: number) {}

  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.limit) return;
    this.#bytes = 0;
    collect ??= collector();
    collect?.({ type: 'minor' });
  }
}
