import type { Answer, Order } from '../../image/unpack/thread.ts';
import type { UnpackJob } from '../../image/unpack/unpack.ts';
import { quote } from '../../plan/calls/format.ts';
import type { Deed } from './deed.ts';

// Layers are unpacked by threads, whose calls are their own: what one does is told as one deed.

export const unpacks = ({ workerData }: { readonly workerData: UnpackJob }): Deed => ({
  by: 'command',
  syscall: `write(${quote(workerData.target)}) and all below`,
  why: 'a thread unpacks a layer',
});

/** One that unpacks nothing, and finds what it was told to look for. */
export function standIn({ workerData: { target } }: { readonly workerData: UnpackJob }) {
  let answer: (answer: Answer) => void = () => undefined;
  const diffId = `sha256:${/\/([0-9a-f]{64})\/diff$/.exec(target)?.[1]}`;
  const unpacked = { diffId, bytes: 0, entries: 0, implied: [], opaqueRoot: false };
  return {
    once(event: string, listener: (answer: Answer) => void) {
      if (event === 'message') answer = listener;
    },
    postMessage(order: Order) {
      if ('end' in order) setImmediate(answer, { unpacked });
      else if ('fail' in order) setImmediate(answer, { error: { message: order.fail } });
    },
  };
}
