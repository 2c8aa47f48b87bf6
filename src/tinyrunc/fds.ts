import { readFileSync } from 'node:fs';
import { type Parsed, usage } from './args.ts';

const FIRST = 3;
/** O_CLOEXEC as /proc/PID/fdinfo shows it, octal; proc_pid_fdinfo(5). */
const O_CLOEXEC = 0o2000000;

/** Whether an fd came from our caller: what Node opened itself is close-on-exec, what is inherited cannot be. */
function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & O_CLOEXEC) === 0;
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

/** How many fds from 3 on the container keeps: LISTEN_FDS and, after them, --preserve-fds. @throws TinyrunError (USAGE) */
export function preservedFds(flags: Parsed, env: NodeJS.ProcessEnv): number {
  const text = flags.string('preserve-fds') ?? '0';
  if (!/^\d{1,4}$/.test(text))
    throw usage(`invalid value ${JSON.stringify(text)} for flag -preserve-fds: parse error`);
  const total = listenFds(env) + Number(text);
  for (let fd = FIRST; fd < FIRST + total; fd++) {
    if (!isInherited(fd)) throw usage(`file descriptor ${fd} of ${total} to preserve is not open`);
  }
  return total;
}
