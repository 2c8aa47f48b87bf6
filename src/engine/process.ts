import { native } from '../native/index.ts';
import { openPidfd } from '../runtime/pidfd.ts';

/** Resolves when a process, of whoever, has ended. */
export async function waitForEnd(pid: number): Promise<void> {
  const pidfd = openPidfd(pid);
  if (pidfd === undefined) return;
  try {
    await native().pollPidfd(pidfd);
  } finally {
    native().close(pidfd);
  }
}
