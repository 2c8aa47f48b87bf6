/**
 * Runs a task per item, so many at once. The first failure aborts the signal that all tasks see; it is thrown
 * once every task has ended, so that nothing goes on behind the caller's back.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const queue = [...items];
  let failure: { error: unknown } | undefined;
  const work = async () => {
    for (let item = queue.shift(); item !== undefined && !both.aborted; item = queue.shift()) {
      try {
        await task(item, both);
      } catch (error) {
        failure ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  signal?.throwIfAborted();
  if (failure) throw failure.error;
}
