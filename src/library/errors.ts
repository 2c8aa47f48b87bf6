import { ERRORS, type ErrorCode, TinyrunError } from '../errors.ts';

/**
 * Whether something that was thrown is an error of tinyrun's, with one of `codes` where any are named.
 * @example
 * import { isTinyrunError } from 'tinyrun';
 * try {
 *   engine.container('none');
 * } catch (error) {
 *   if (!isTinyrunError(error, 'CONTAINER_NOT_FOUND')) throw error;
 *   console.log(error.code, error.hint); // CONTAINER_NOT_FOUND tinyrun ps -a lists the containers
 * }
 */
export function isTinyrunError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  ...codes: readonly C[]
): error is TinyrunError & { readonly code: C } {
  if (!(error instanceof TinyrunError) || !Object.hasOwn(ERRORS, error.code)) return false;
  return codes.length === 0 || codes.some((code) => code === error.code);
}
