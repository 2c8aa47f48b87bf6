import { TinyrunError } from '../../errors.ts';
import type { StepFailure } from '../../native/types.ts';

/** There is no table, or not with this set; there is one that has the element, or another of its key. */
const ASTRAY: readonly string[] = ['ENOENT', 'EEXIST', 'EBUSY'];

/** Whether a plan failed at an element, for what the table is and not for what was asked. */
export function isAstray(error: unknown): boolean {
  if (!(error instanceof TinyrunError) || typeof error.cause !== 'object' || error.cause === null)
    return false;
  const { syscall, code } = error.cause as Partial<StepFailure>;
  return syscall === 'NFT_MSG_NEWSETELEM' && code !== undefined && ASTRAY.includes(code);
}
