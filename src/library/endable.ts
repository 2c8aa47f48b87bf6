/**
 * An iterable that can be ended from outside: `return()` (which leaving a for-await loop calls) and an abort of `given` end
 * also what it waits for, where a generator's own return() would wait for its next value.
 */
export function endable<T>(
  given: AbortSignal | undefined,
  open: (signal: AbortSignal) => AsyncGenerator<T, void, undefined>,
): AsyncIterableIterator<T> {
  const stop = new AbortController();
  const abort = () => stop.abort(given?.reason);
  let isBegun = false;
  const begin = () => {
    if (isBegun) return;
    isBegun = true;
    if (given?.aborted) abort();
    else given?.addEventListener('abort', abort, { once: true });
  };
  const inner = open(stop.signal);
  const clear = () => given?.removeEventListener('abort', abort);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      begin();
      try {
        const result = await inner.next();
        if (result.done) clear();
        return result.done ? { done: true, value: undefined } : result;
      } catch (error) {
        clear();
        throw error;
      }
    },
    async return() {
      clear();
      stop.abort();
      await inner.return();
      return { done: true, value: undefined };
    },
  };
}
