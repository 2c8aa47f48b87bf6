import type { Running } from '../../image/unpack/thread.ts';
import type { Unpacked, UnpackJob } from '../../image/unpack/unpack.ts';
import { quote } from '../../plan/calls/format.ts';
import type { Deed } from './deed.ts';

// Layers are unpacked by a thread, whose calls are its own: what it does of a layer is told as one deed.

export const unpacks = ({ target }: UnpackJob): Deed => ({
  by: 'command',
  syscall: `write(${quote(target)}) and all below`,
  why: 'a thread unpacks a layer',
});

/** One that unpacks nothing, and finds what it was told to look for. */
export function standIn({ target }: UnpackJob): Running {
  const diffId = `sha256:${/\/([0-9a-f]{64})\/diff$/.exec(target)?.[1]}`;
  const unpacked = { diffId, bytes: 0, entries: 0, implied: [], opaqueRoot: false };
  let settle: { resolve(unpacked: Unpacked): void; reject(error: Error): void } | undefined;
  const result = new Promise<Unpacked>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return {
    result,
    grow: () => undefined,
    end: () => settle?.resolve(unpacked),
    fail: (error) => settle?.reject(error),
  };
}
