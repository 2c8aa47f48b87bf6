import { parentPort } from 'node:worker_threads';
import { Tail } from './tail.ts';
import type { Answer, Order } from './thread.ts';
import { type UnpackJob, unpack } from './unpack.ts';

// The thread that unpacks layers, several by turns: dist/unpack-worker.cjs. It ends when it is told null.

const tails = new Map<number, Tail>();

parentPort?.on('message', (order: Order | null) => {
  if (order === null) parentPort?.close();
  else if ('job' in order) begin(order.id, order.job);
  else tell(tails.get(order.id), order);
});

/** Of a layer that has failed nobody listens any more. */
function tell(tail: Tail | undefined, order: Order): void {
  if ('grow' in order) tail?.grow(order.grow);
  else if ('end' in order) tail?.end();
  else if ('fail' in order) tail?.fail(new Error(order.fail));
}

function begin(id: number, job: UnpackJob): void {
  const tail = new Tail();
  tails.set(id, tail);
  unpack(job, tail)
    .then((unpacked): Answer => ({ id, unpacked }))
    .catch((error): Answer => ({ id, error: asData(error) }))
    .then((answer) => {
      tails.delete(id);
      parentPort?.postMessage(answer);
    });
}

function asData(error: unknown): { message: string; code?: string } {
  const { message, code } = error as { message?: string; code?: unknown };
  return { message: message ?? String(error), ...(typeof code === 'string' && { code }) };
}
