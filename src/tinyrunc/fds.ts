import { readlinkSync } from 'node:fs';
import { type Parsed, usage } from './args.ts';

const FIRST = 3;

/**
 * Whether an fd came from our caller. Node marks all it inherits close-on-exec, so that flag tells nothing; but its
 * event loop takes the lowest free fds at start, so a gap in the caller's shows as one of those.
 */
function isInherited(fd: number): boolean {
  try {
    return !/^anon_inode:\[(eventpoll|eventfd|io_uring)\]$/.test(readlinkSync(`/proc/self/fd/${fd}`));
  } catch {
    return false;
  }
}

/** Sockets handed over by systemd, sd_listen_fds(3); 0 when they are meant for another process. */
export function listenFds(env: NodeJS.ProcessEnv): number {
  const count = Number(env.LISTEN_FDS ?? 0);
  const ours = env.LISTEN_PID === undefined || Number(env.LISTEN_PID) === process.pid;
  return ours && Number.isInteger(count) && count > 0 ? count : 0;
}

/** What the program is told of those. */
export function listenEnv(count: number): string[] {
  return count === 0 ? [] : [`LISTEN_FDS=${count}`, 'LISTEN_PID=1'];
}

/** How many fds from 3 on the program keeps: `listening` and, after them, --preserve-fds. @throws TinyrunError (USAGE) */
export function preservedFds(flags: Parsed, listening = 0): number {
  const text = flags.string('preserve-fds') ?? '0';
  if (!/^\d{1,4}$/.test(text))
    throw usage(`invalid value ${JSON.stringify(text)} for flag -preserve-fds: parse error`);
  const total = listening + Number(text);
  for (let fd = FIRST; fd < FIRST + total; fd++) {
    if (!isInherited(fd)) throw usage(`file descriptor ${fd} of ${total} to preserve is not open`);
  }
  return total;
}
