import { setTimeout as pause } from 'node:timers/promises';
import { containerPaths } from '../../engine/layout.ts';
import { hasSocket, localSockets } from '../../network/sockets.ts';
import { membersOf } from '../../runtime/whereabouts.ts';
import type { Waiting } from './conditions.ts';

// The kernel tells nobody that a socket has begun to listen, but shows which do. Nothing is connected to: a program that
// takes one connection only, or writes down each, sees none of ours.

const FIRST_MS = 5;
const MOST_MS = 100;

/** Resolves true once a process of a container listens on a TCP port; undefined: it has ended. */
export async function listening(port: number, waiting: Waiting): Promise<true | undefined> {
  const { over } = waiting;
  for (let wait = FIRST_MS; !over.aborted; wait = Math.min(MOST_MS, wait * 2)) {
    if (isListening(port, waiting)) return true;
    await pause(wait, undefined, { signal: over }).catch(() => {});
  }
  return undefined;
}

/** The network may be others', too, and theirs what listens: it must be a process of its own that has the socket. */
function isListening(port: number, { roots, view }: Waiting): boolean {
  const { record, state } = view;
  if (state === undefined) return false;
  const listeners = localSockets('tcp', state.pid).filter((one) => one.isListening && one.port === port);
  if (listeners.length === 0) return false;
  const inodes = listeners.map(({ inode }) => inode);
  const members = membersOf({ dir: containerPaths(roots, record.id).run, state });
  return members.some((pid) => hasSocket(pid, inodes));
}
