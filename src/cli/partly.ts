import { TinyrunError } from '../errors.ts';
import { toFailure } from './fail.ts';

/**
 * The failure of one of several, after others were done: what was, and that the rest was not, in place of the hint of the
 * cause, which speaks of the one that failed.
 */
export function afterSome(done: readonly string[], verb: string, cause: unknown): unknown {
  if (done.length === 0) return cause;
  const { code, message } = toFailure(cause);
  const hint = `${verb} before it: ${done.join(', ')}; it and the rest were not`;
  return new TinyrunError(code, message, { cause, hint });
}

/** Does the same to one after another; the first that fails ends it, and its error names those that were done. */
export async function inTurn<T>(
  all: readonly T[],
  verb: string,
  nameOf: (one: T) => string,
  take: (one: T) => Promise<void>,
): Promise<void> {
  const done: string[] = [];
  for (const one of all) {
    try {
      await take(one);
    } catch (error) {
      throw afterSome(done, verb, error);
    }
    done.push(nameOf(one));
  }
}
