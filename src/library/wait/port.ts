import { readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { containerPaths } from '../../engine/layout.ts';
import { membersOf } from '../../runtime/whereabouts.ts';
import { readIfAny } from '../../store/read.ts';
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
  const tables = ['tcp', 'tcp6'].map((table) => readIfAny(`/proc/${state.pid}/net/${table}`) ?? '');
  const sockets = tables.flatMap((text) => listenersOf(text, port));
  if (sockets.length === 0) return false;
  const links = new Set(sockets.map((inode) => `socket:[${inode}]`));
  const members = membersOf({ dir: containerPaths(roots, record.id).run, state });
  return members.some((pid) => filesOf(pid).some((link) => links.has(link)));
}

const LISTEN = '0A';

/** The inodes of the sockets of /proc/PID/net/tcp that listen on a port; proc_pid_net(5). */
export function listenersOf(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      return state === LISTEN && local.endsWith(`:${hex}`) && inode !== undefined ? [inode] : [];
    });
}

/** Of a process that may be gone. */
function filesOf(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  const reading = <T>(read: () => T, none: T): T => {
    try {
      return read();
    } catch {
      return none;
    }
  };
  return reading(() => readdirSync(dir), []).map((fd) => reading(() => readlinkSync(`${dir}/${fd}`), ''));
}
