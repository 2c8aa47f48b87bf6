import { errnoOf } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

/** A pidfd of a process that may be gone, then undefined; the caller's to close. */
export function openPidfd(pid: number): Fd | undefined {
  try {
    return native().pidfdOpen(pid);
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
