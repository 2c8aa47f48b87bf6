import { closeSync, openSync, writeFileSync } from 'node:fs';
import { errnoOf, isFull, TinyrunError } from '../../errors.ts';
import { AT_FDCWD } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import { join } from '../../store/join.ts';
import { type Lock, lock } from '../../store/lock.ts';
import type { LayerInfo, LayerStore } from '../layers.ts';
import type { Limits } from './limits.ts';
import { type Running, unpacking } from './thread.ts';
import type { Unpacked } from './unpack.ts';

export interface LayerJob {
  readonly diffId: string;
  /** Path of the blob, maybe still being written. */
  readonly blob: string;
  readonly limits?: Limits;
}

/**
 * One layer being unpacked under its lock. The tree is published only when its archive has the diff id that the
 * image's config names; anything else leaves nothing behind.
 */
export class UnpackSession {
  readonly #running: Running;
  /** Open before the blob gets its name: the thread may start later than that. */
  readonly #blob: number;
  /** Why unpacking failed, once it has. */
  failure: unknown;
  private constructor(
    readonly layers: LayerStore,
    readonly job: LayerJob,
    readonly temporary: string,
    readonly held: Lock,
  ) {
    this.#blob = openSync(job.blob, 'r');
    try {
      this.#running = unpacking.start({
        blob: this.#blob,
        target: join(temporary, 'diff'),
        rootless: process.geteuid?.() !== 0,
        ...(job.limits && { limits: job.limits }),
      });
    } catch (error) {
      closeSync(this.#blob);
      throw error;
    }
    // Whoever waits for commit() hears of it; until then it must not be unhandled.
    this.#running.result.catch(() => undefined);
  }

  /** Waits for whoever unpacks the layer already; undefined when it is there afterwards. */
  static async open(layers: LayerStore, job: LayerJob): Promise<UnpackSession | undefined> {
    if (layers.has(job.diffId)) return undefined;
    const held = await lock(layers.lockPath(job.diffId));
    try {
      if (!layers.has(job.diffId)) return UnpackSession.#begin(layers, job, held);
    } catch (error) {
      held.release();
      throw describe(error, job.diffId);
    }
    held.release();
    return undefined;
  }

  static #begin(layers: LayerStore, job: LayerJob, held: Lock): UnpackSession {
    const temporary = layers.temporary(job.diffId);
    native().removeTree(AT_FDCWD, temporary);
    try {
      return new UnpackSession(layers, job, layers.prepare(job.diffId), held);
    } catch (error) {
      native().removeTree(AT_FDCWD, temporary);
      throw error;
    }
  }

  /** So many bytes of the blob are there. */
  grow(available: number): void {
    this.#running.grow(available);
  }

  /** Calls back when unpacking fails before the blob is whole: there is no use in receiving the rest. */
  whenFailed(callback: () => void): void {
    this.#running.result.catch((error) => {
      this.failure = describe(error, this.job.diffId);
      callback();
    });
  }

  /** The blob is whole and verified: ends unpacking, verifies the diff id and publishes the tree. */
  async commit(): Promise<LayerInfo> {
    try {
      this.#running.end();
      const unpacked = await this.#running.result;
      const info = checked(unpacked, this.job.diffId);
      writeFileSync(join(this.temporary, 'layer.json'), JSON.stringify(info), { mode: 0o600 });
      this.layers.publish(this.job.diffId, this.temporary, unpacked.opaqueRoot);
      return info;
    } catch (error) {
      native().removeTree(AT_FDCWD, this.temporary);
      throw describe(error, this.job.diffId);
    } finally {
      this.#release();
    }
  }

  /** Stops and removes what was written. */
  async abort(): Promise<void> {
    this.#running.fail(new Error('aborted'));
    await this.#running.result.catch(() => undefined);
    native().removeTree(AT_FDCWD, this.temporary);
    this.#release();
  }

  #release(): void {
    closeSync(this.#blob);
    this.held.release();
  }
}

function checked(unpacked: Unpacked, diffId: string): LayerInfo {
  if (unpacked.diffId !== diffId)
    throw new TinyrunError(
      'DIGEST_MISMATCH',
      `layer unpacks to ${unpacked.diffId}, but the image's config names diff id ${diffId}`,
    );
  const { bytes: size, entries, implied } = unpacked;
  return { diffId, size, entries, implied };
}

/** What a full disk or an odd name did, as one error of ours. */
function describe(error: unknown, diffId: string): unknown {
  if (error instanceof TinyrunError) return error;
  const code = errnoOf(error);
  const text = error instanceof Error ? error.message : String(error);
  const message = `unpack layer ${diffId.slice(0, 19)}: ${text}`;
  if (isFull(error)) return new TinyrunError('NO_SPACE', message, { cause: error });
  if (code === 'ENAMETOOLONG' || code === 'ELOOP')
    return new TinyrunError('BAD_LAYER', message, { cause: error });
  return new TinyrunError('SYSCALL', message, { cause: error });
}
