import { statSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
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
 * Gives the master of a container's terminal to who asked for it; runc's protocol, which conmon and containerd's shim
 * speak: one message, the name of the file as its data. The fd is closed here.
 */
export function sendConsole(path: string, master: Fd): void {
  try {
    sendToSocket(path, [master], '/dev/ptmx');
  } finally {
    native().close(master);
  }
}

/**
 * The size of the terminal this process is on, characters. A container that stays in the foreground is born with it:
 * set later, its program might look first.
 */
export function ownSize(): { rows: number; columns: number } | undefined {
  return native().getWinsize(0) ?? native().getWinsize(1);
}

/** Both or neither: runc's rules and words. @throws TinyrunError (USAGE) */
export function checkConsoleSocket(path: string | undefined, terminal: boolean, detach: boolean): void {
  if (path === undefined || path === '') {
    if (!(terminal && detach)) return;
    throw new TinyrunError(
      'USAGE',
      'cannot allocate tty if tinyrunc will detach without setting console socket',
      {
        hint: 'pass --console-socket PATH, or set process.terminal to false',
      },
    );
  }
  if (!terminal || !detach) {
    throw new TinyrunError('USAGE', 'cannot use console socket if tinyrunc will not detach or allocate tty', {
      hint: 'leave --console-socket out, or set process.terminal to true',
    });
  }
  if (statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new TinyrunError('USAGE', `console socket ${path}: no such file or directory`, {
      hint: 'whoever wants the terminal must listen there before the command runs',
    });
  }
}
