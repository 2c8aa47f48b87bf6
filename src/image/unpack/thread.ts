import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { ERRORS, type ErrorCode, TinyrunError } from '../../errors.ts';
import { join } from '../../store/join.ts';
import { isBuilt, packageRoot } from '../../store/package.ts';
import { refuseOpenToOthers } from '../../store/trust.ts';
import { Tail } from './tail.ts';
import { type Unpacked, type UnpackJob, unpack } from './unpack.ts';

/** To the thread, of one of its layers. */
export type Order = { readonly id: number } & (
  | { job: UnpackJob }
  | { grow: number }
  | { end: true }
  | { fail: string }
);
/** From the thread; errors cross as data, since their classes do not. */
export type Answer = { readonly id: number } & (
  | { unpacked: Unpacked }
  | { error: { message: string; code?: string } }
);

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

/** How a layer begins to be unpacked: found by name, so that whoever looks on (engine/deeds) can stand in for it. */
export const unpacking = { start: startUnpack };

/** Unpacks on a thread beside the download: one for all layers, whose work is mostly the addon's threads'. */
function startUnpack(job: UnpackJob): Running {
  // For the Scavenger. A flag of the whole process, set out here: under Node 22 and 24 a thread may not load node:v8
  // (node:net, node:child_process, node:tty) where the process was started from a snapshot; node aborts.
  setFlagsFromString('--expose-gc');
  const path = workerPath();
  if (path === undefined) return inThisThread(job);
  thread ??= new UnpackThread(path);
  return thread.start(job);
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

/** There while layers are being unpacked. */
let thread: UnpackThread | undefined;

// A layer's garbage is short-lived: a small young generation keeps the thread within the memory of a pull.
const HEAP = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 512 };

/** A message costs both sides as much as inflating a few kB. */
const STEP = 256 * 1024;

/** One isolate for all layers: each takes 10 MB of memory, and compiles the same functions once more. */
class UnpackThread {
  readonly #worker: Worker;
  readonly #under = new Map<number, Waiting>();
  #last = 0;
  constructor(path: string) {
    // dist/ and the package, as for far.cjs
    refuseOpenToOthers(path, 2);
    this.#worker = new Worker(path, { resourceLimits: HEAP });
    this.#worker.on('message', (answer: Answer) => this.#take(answer));
    this.#worker.once('error', (error) => this.#fail(error));
    this.#worker.once('exit', (code) => this.#fail(new Error(`the unpacking thread ended with ${code}`)));
  }

  start(job: UnpackJob): Running {
    const id = ++this.#last;
    const post = (order: Order) => this.#worker.postMessage(order);
    const result = new Promise<Unpacked>((resolve, reject) => this.#under.set(id, { resolve, reject }));
    post({ id, job });
    let there = 0;
    let told = 0;
    const tell = () => {
      told = there;
      post({ id, grow: there });
    };
    return {
      result,
      grow: (available) => {
        there = available;
        if (told === 0 || there - told >= STEP) tell();
      },
      end: () => {
        tell();
        post({ id, end: true });
      },
      fail: (error) => post({ id, fail: error.message }),
    };
  }

  #take(answer: Answer): void {
    const waiting = this.#under.get(answer.id);
    this.#under.delete(answer.id);
    if ('unpacked' in answer) waiting?.resolve(answer.unpacked);
    else waiting?.reject(revive(answer.error));
    if (this.#under.size === 0) this.#end();
  }

  /** What ends the thread ends all that is under way in it. */
  #fail(error: Error): void {
    this.#end();
    for (const { reject } of this.#under.values()) reject(error);
    this.#under.clear();
  }

  #end(): void {
    if (thread === this) thread = undefined;
    this.#worker.postMessage(null);
  }
}

interface Waiting {
  resolve(unpacked: Unpacked): void;
  reject(error: Error): void;
}

function revive({ message, code }: { message: string; code?: string }): Error {
  if (code !== undefined && code in ERRORS) return new TinyrunError(code as ErrorCode, message);
  return Object.assign(new Error(message), { code });
}
