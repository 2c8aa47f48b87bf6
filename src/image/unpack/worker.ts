import { parentPort, workerData } from 'node:worker_threads';
import { Tail } from './tail.ts';
import type { Answer, Order } from './thread.ts';
import { type UnpackJob, unpack } from './unpack.ts';

// The thread that unpacks one layer: dist/unpack-worker.cjs.

const tail = new Tail();

parentPort?.on('message', (order: Order) => {
  if ('grow' in order) tail.grow(order.grow);
  else if ('end' in order) tail.end();
  else tail.fail(new Error(order.fail));
});

function asData(error: unknown): { message: string; code?: string } {
  const { message, code } = error as { message?: string; code?: unknown };
  return { message: message ?? String(error), ...(typeof code === 'string' && { code }) };
}

unpack(workerData as UnpackJob, tail)
  .then((unpacked): Answer => ({ unpacked }))
  .catch((error): Answer => ({ error: asData(error) }))
  .then((answer) => {
    parentPort?.postMessage(answer);
    parentPort?.close();
  });
