import { sendToSocket } from '../runtime/console.ts';
import type { Life } from '../runtime/life.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import type { Flag, Parsed } from './args.ts';
import { sendConsole } from './console-socket.ts';

export const ANNOUNCE_FLAGS: readonly Flag[] = [
  {
    names: ['console-socket'],
    kind: 'string',
    help: 'unix socket that will receive the master of the pseudoterminal',
  },
  { names: ['pidfd-socket'], kind: 'string', help: 'unix socket that will receive a pidfd of the process' },
  { names: ['pid-file'], kind: 'string', help: 'specify the file to write the process id to' },
];

/** The pid in decimal, without a newline; whole when it appears, since its readers poll for it. */
const writePidFile = (path: string, pid: number): void => writeFileAtomic(path, String(pid), { mode: 0o644 });

/** What comes with a pidfd says whose it is; runc's names for a container's first process and one that joined it. */
export type PidfdOf = 'standard' | 'setns';

/** Tells who asked on the command line: the terminal, the pidfd, the pid, in runc's order. */
export function announce(flags: Parsed, life: Life, kind: PidfdOf): void {
  const consoleSocket = flags.string('console-socket');
  const pidfdSocket = flags.string('pidfd-socket');
  const pidFile = flags.string('pid-file');
  if (consoleSocket && life.consoleFd !== undefined) sendConsole(consoleSocket, life.consoleFd);
  if (pidfdSocket) sendToSocket(pidfdSocket, [life.pidfd], kind);
  if (pidFile) writePidFile(pidFile, life.pid);
}
