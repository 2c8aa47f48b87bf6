import { native } from '../native/index.ts';

/** Resolves when a process, of whoever, has ended. */
export async function waitForEnd(pid: number): Promise<void> {
  let pidfd: number;
  try {
    pidfd = native().pidfdOpen(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw error;
  }
  try {
    await native().pollPidfd(pidfd);
  } finally {
    native().close(pidfd);
  }
}
