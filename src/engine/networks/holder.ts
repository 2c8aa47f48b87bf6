import { readdirSync, readlinkSync } from 'node:fs';
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
  const inodes = socketsAt(name, port);
  return inodes.length > 0 ? processWith(inodes) : undefined;
}

/** Inodes of the sockets that have a local port: the tenth word of a line of /proc/net/tcp. */
function socketsAt(protocol: string, port: number): string[] {
  const digits = port.toString(16).toUpperCase().padStart(4, '0');
  const lines = [protocol, `${protocol}6`].flatMap((file) =>
    (readIfAny(`/proc/net/${file}`) ?? '').split('\n'),
  );
  return lines.flatMap((line) => {
    const words = line.trim().split(/\s+/);
    return words[1]?.endsWith(`:${digits}`) && words[9] ? [words[9]] : [];
  });
}

function processWith(inodes: readonly string[]): string | undefined {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const pid = pids.find((each) => filesOf(each).some((link) => wanted.has(link)));
  // a program names itself, and may put a line of its own into our message
  const name = readIfAny(`/proc/${pid}/comm`)?.trim().replace(/\s+/g, ' ');
  return pid && `by ${name || 'a process'}, pid ${pid}`;
}

function filesOf(pid: string): string[] {
  try {
    const dir = `/proc/${pid}/fd`;
    return readdirSync(dir).map((fd) => readlinkSync(`${dir}/${fd}`));
  } catch {
    return [];
  }
}
