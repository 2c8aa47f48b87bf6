import { readdirSync } from 'node:fs';
import { hasSocket, localSockets } from '../../network/sockets.ts';
import type { Roots } from '../../store/paths.ts';
import { readIfAny } from '../../store/read.ts';
import { listContainers } from '../manage.ts';
import { isRunning } from '../status.ts';

const NAMES: Readonly<Record<number, 'tcp' | 'udp' | 'sctp'>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' };

/** Who has a port of the host: a container, or a process with its pid; undefined where nobody is found. */
export function holderOfPort(
  roots: Roots,
  port: number,
  protocol: number,
  besides: string,
): string | undefined {
  const name = NAMES[protocol] ?? 'tcp';
  const container = listContainers(roots, () => {}).find(
    (view) =>
      view.record.id !== besides &&
      isRunning(view) &&
      view.record.ports?.some((bound) => bound.host === port && bound.protocol === name),
  );
  if (container) return `by the container ${container.record.name}`;
  const inodes = localSockets(name)
    .filter((socket) => socket.port === port)
    .map(({ inode }) => inode);
  return inodes.length > 0 ? processWith(inodes) : undefined;
}

function processWith(inodes: readonly string[]): string | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((each) => hasSocket(each, inodes));
  // a program names itself, and may put a line of its own into our message
  const name = readIfAny(`/proc/${pid}/comm`)?.trim().replace(/\s+/g, ' ');
  return pid && `by ${name || 'a process'}, pid ${pid}`;
}
