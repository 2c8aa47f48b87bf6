import { statSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';
import { sendToSocket } from '../runtime/console.ts';

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
