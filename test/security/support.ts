// Attackers' tools.
import { AT_FDCWD, native } from '../../src/native/index.ts';
import type { MutableMount } from '../support/spec.ts';

const RENAME_EXCHANGE = 2;

export const bind = (source: string, destination: string, ...options: string[]): MutableMount => ({
  source,
  destination,
  type: 'bind',
  options: ['rbind', ...options],
});

/** Exchanges two names for as long as `during` takes, at least `least` times; answers how often it did. */
export async function swapWhile(
  a: string,
  b: string,
  during: Promise<unknown>,
  least = 500,
): Promise<number> {
  let running = true;
  const ended = during.finally(() => {
    running = false;
  });
  let count = 0;
  while (running || count < least) {
    native().renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
    // The event loop has to see the end of what is attacked.
    if (++count % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  if (count % 2 === 1) native().renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
  await ended;
  return count;
}
