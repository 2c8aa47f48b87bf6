import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

/** Sends fds to the unix socket at `path`, and closes the connection. */
export function sendToSocket(path: string, fds: readonly Fd[], data: string): void {
  const socket = native().connectUnix(path);
  try {
    native().sendFds(socket, fds, data);
  } finally {
    native().close(socket);
  }
}

/**
 * The size of the terminal this process is on, characters. A container that stays in the foreground is born with it:
 * set later, its program might look first.
 */
export function ownSize(): { rows: number; columns: number } | undefined {
  return native().getWinsize(0) ?? native().getWinsize(1);
}
