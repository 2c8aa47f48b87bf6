import { getEventListeners } from 'node:events';
import { expect, it } from 'vitest';
import { endable } from '../../../src/library/endable.ts';

/** Gives one value, and then waits for its signal; tells when it is over. */
function waiting(given?: AbortSignal) {
  const seen = { isOver: false };
  const all = endable(given, async function* (signal) {
    try {
      yield 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    } finally {
      seen.isOver = true;
    }
  });
  return { all, seen };
}

const DONE = { done: true, value: undefined };

it('return() ends what waits for the next value', async () => {
  const { all, seen } = waiting();
  expect(await all.next()).toEqual({ done: false, value: 1 });
  const next = all.next();
  expect(await all.return?.()).toEqual(DONE);
  expect(await next).toEqual(DONE);
  expect(seen.isOver).toBe(true);
});

it('an abort does, and leaves no listener; one before the first value, too', async () => {
  const stop = new AbortController();
  const { all, seen } = waiting(stop.signal);
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  await all.next();
  const next = all.next();
  stop.abort();
  expect(await next).toEqual(DONE);
  expect(seen.isOver).toBe(true);
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  const late = endable(AbortSignal.abort(), async function* (signal) {
    if (!signal.aborted) yield 1;
  });
  expect(await late.next()).toEqual(DONE);
});

it('an error is the loop’s', async () => {
  const stop = new AbortController();
  // biome-ignore lint/correctness/useYield: it fails before it has any
  const all = endable(stop.signal, async function* (): AsyncGenerator<number, void> {
    throw new Error('no');
  });
  await expect(all.next()).rejects.toThrow('no');
  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
});
