import type { ErrorCode } from '../errors.ts';
import type { Context } from './command.ts';
import { formatFailure, toFailure } from './fail.ts';

/**
 * Does the same to each of several containers as Docker does: an id printed for each that went well, a line on
 * standard error for each that did not, and exit code 1 when there was one but those of the code `forgive`.
 */
export async function forEach(
  names: readonly string[],
  context: Context,
  action: (name: string) => void | Promise<void>,
  forgive?: ErrorCode,
): Promise<void> {
  for (const name of names) {
    try {
      await action(name);
      context.out(`${name}\n`);
    } catch (error) {
      const failure = toFailure(error);
      context.err(formatFailure(failure, context.command));
      if (failure.code !== forgive) context.exitCode = 1;
    }
  }
}
