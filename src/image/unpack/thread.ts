import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { ERRORS, type ErrorCode, TinyrunError } from '../../errors.ts';
import { isBuilt, packageRoot } from '../../store/package.ts';
import { refuseOpenToOthers } from '../../store/trust.ts';
import { Tail } from './tail.ts';
import { type Unpacked, type UnpackJob, unpack } from './unpack.ts';

/** To the thread. */
export type Order = { grow: number } | { end: true } | { fail: string };
/** From the thread; errors cross as data, since their classes do not. */
export type Answer = { unpacked: Unpacked } | { error: { message: string; code?: string } };

export interface Running {
  readonly result: Promise<Unpacked>;
  grow(available: number): void;
  end(): void;
  fail(error: Error): void;
}

/** The built worker; there is none when the sources run as they are, in tests. */
function workerPath(): string | undefined {
  return isBuilt ? join(packageRoot(), 'dist/unpack-worker.cjs') : undefined;
}

/** Unpacks on a thread of its own, so that layers are unpacked in parallel and beside the download. */
export function startUnpack(job: UnpackJob): Running {
  // For the Scavenger. A flag of the whole process, set out here: under Node 22 and 24 a thread may not load node:v8
  // (node:net, node:child_process, node:tty) where the process was started from a snapshot; node aborts.
  setFlagsFromString('--expose-gc');
  const path = workerPath();
  return path === undefined ? inThisThread(job) : inWorker(path, job);
}

function inThisThread(job: UnpackJob): Running {
  const tail = new Tail();
  return {
    result: unpack(job, tail),
    grow: (available) => tail.grow(available),
    end: () => tail.end(),
    fail: (error) => tail.fail(error),
  };
}

// A layer's garbage is short-lived: a small young generation keeps three threads within the memory of a pull.
const HEAP = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 512 };

function inWorker(path: string, job: UnpackJob): Running {
  // dist/ and the package, as for far.cjs
  refuseOpenToOthers(path, 2);
  const worker = new Worker(path, { workerData: job, resourceLimits: HEAP });
  const result = new Promise<Unpacked>((resolve, reject) => {
    worker.once('message', (answer: Answer) => {
      if ('unpacked' in answer) resolve(answer.unpacked);
      else reject(revive(answer.error));
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the unpacking thread ended with ${code}`)));
  });
  const post = (order: Order) => worker.postMessage(order);
  return {
    result,
    grow: (available) => post({ grow: available }),
    end: () => post({ end: true }),
    fail: (error) => post({ fail: error.message }),
  };
}

function revive({ message, code }: { message: string; code?: string }): Error {
  if (code !== undefined && code in ERRORS) return new TinyrunError(code as ErrorCode, message);
  return Object.assign(new Error(message), { code });
}
