import { closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { native } from '../native/index.ts';
import type { Fd } from '../native/types.ts';

/** This side of one of a container's streams: the fd that the engine copies to or from. */
export interface End {
  readonly fd: Fd;
  /** The engine has copies of its own; idempotent. */
  release(): void;
}

const SOCK_STREAM = 1;

/** The caller's own fd. */
export const lent = (fd: Fd): End => ({ fd, release: () => {} });

function owned(fd: Fd): End {
  let open = true;
  return {
    fd,
    release: () => {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

export const nowhere = (): End => owned(openSync('/dev/null', 'r+'));

/** A pipe with an end in Node, which reads or writes it: sockets, since those never hold up the threads of its pool. */
export function joined(way: 'readable' | 'writable'): { end: End; stream: Socket } {
  const [ours, theirs] = native().socketpair(SOCK_STREAM);
  const reads = way === 'readable';
  return { end: owned(theirs), stream: new Socket({ fd: ours, readable: reads, writable: !reads }) };
}
