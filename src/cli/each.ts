import type { ErrorCode } from '../errors.ts';
import type { Context } from './command.ts';
import { formatFailure, toFailure } from './fail.ts';

/** Of one container; answers what is printed for it, its name without; false: nothing. */
type Action = (name: string) => unknown;

/**
 * Does the same to each of several containers as Docker does: a name printed for each that went well, a line on
 * standard error for each that did not, and exit code 1 when there was one but those of the code `forgive`.
 */
export async function forEach(
  names: readonly string[],
  context: Context,
  action: Action,
  forgive?: ErrorCode,
): Promise<void> {
  for (const name of names) {
    try {
      const answer = await action(name);
      if (answer !== false) context.out(`${answer ?? name}\n`);
    } catch (error) {
      const failure = toFailure(error);
      context.err(formatFailure(failure, context.command));
      if (failure.code !== forgive) context.exitCode = 1;
    }
  }
}

/** The same to all of them at once: who waits for one has waited for the others. Told in their order. */
export async function forEachAtOnce(
  names: readonly string[],
  context: Context,
  action: (name: string) => Promise<unknown>,
): Promise<void> {
  const begun = names.map(action);
  // told when it is their turn
  for (const each of begun) each.catch(() => {});
  let next = 0;
  await forEach(names, context, async () => await begun[next++]);
}
