import { readdirSync, readlinkSync } from 'node:fs';
import { readIfAny } from '../store/read.ts';

/** A line of /proc/PID/net/{tcp,udp}{,6}; proc_pid_net(5). */
export interface LocalSocket {
  /** In hexadecimal, each word of 32 bits in the order of this processor. */
  readonly address: string;
  readonly port: number;
  readonly isListening: boolean;
  readonly inode: string;
}

type Protocol = 'tcp' | 'udp' | 'sctp';

const TCP_LISTEN = '0A';
/** How the kernel calls a socket of udp that is connected to nobody: TCP_CLOSE. */
const UDP_UNCONNECTED = '07';

/** Sockets of a process's network namespace, of both families; none of SCTP, which has no such table. */
export function localSockets(protocol: Protocol, pid: number | 'self' = 'self'): LocalSocket[] {
  if (protocol === 'sctp') return [];
  return [protocol, `${protocol}6`].flatMap((table) =>
    socketsIn(readIfAny(`/proc/${pid}/net/${table}`) ?? '', protocol),
  );
}

/** Of such a table, whose first line names its columns. Pure. */
export function socketsIn(table: string, protocol: Protocol): LocalSocket[] {
  const listens = protocol === 'udp' ? UDP_UNCONNECTED : TCP_LISTEN;
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
      const [address, port] = local.split(':');
      if (!address || !port || !inode) return [];
      return [{ address, port: Number.parseInt(port, 16), isListening: state === listens, inode }];
    });
}

/** Whether a process has one of them open; not where it is gone. */
export function hasSocket(pid: number | string, inodes: readonly string[]): boolean {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const dir = `/proc/${pid}/fd`;
  const reading = <T>(read: () => T, none: T): T => {
    try {
      return read();
    } catch {
      return none;
    }
  };
  // a descriptor may be closed between being listed and read
  return reading(() => readdirSync(dir), []).some((fd) =>
    wanted.has(reading(() => readlinkSync(`${dir}/${fd}`), '')),
  );
}
