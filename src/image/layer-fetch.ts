import { isTinyrunError } from '../errors.ts';
import { Ingest } from './blobs.ts';
import type { LayerStore } from './layers.ts';
import { type LayerStatus, type OnProgress, shortDigest } from './progress.ts';
import { download } from './registry/download.ts';
import type { Repository } from './registry/repository.ts';
import type { ImageStore } from './store.ts';
import type { ImageLayer } from './types.ts';
import type { Limits } from './unpack/limits.ts';
import { UnpackSession } from './unpack/session.ts';

/** One layer on its way: received, verified and unpacked at the same time. */
export class LayerFetch {
  constructor(
    readonly store: ImageStore,
    readonly trees: LayerStore,
    readonly repository: Repository,
    readonly layer: ImageLayer,
    readonly onProgress: OnProgress,
    readonly limits: Limits | undefined,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    const ingest = await Ingest.open(this.store, this.layer);
    if (ingest) await this.#receive(ingest, signal);
    else await this.#fromBlob();
  }

  #report(status: LayerStatus, current?: number): void {
    const id = shortDigest(this.layer.digest);
    this.onProgress({ id, status, ...(current !== undefined && { current, total: this.layer.size }) });
  }

  #session(blob: string): Promise<UnpackSession | undefined> {
    const { limits } = this;
    return UnpackSession.open(this.trees, { diffId: this.layer.diffId, blob, ...(limits && { limits }) });
  }

  /** The blob is held: at most it has to be unpacked. */
  async #fromBlob(): Promise<void> {
    const session = await this.#session(this.store.blobPath(this.layer.digest));
    if (!session) return this.#report('Already exists');
    this.#report('Extracting', this.layer.size);
    session.grow(this.layer.size);
    await session.commit();
    this.#report('Pull complete');
  }

  /** What an earlier attempt left may be damaged: then once more from the start. */
  async #receive(ingest: Ingest, signal: AbortSignal): Promise<void> {
    const resumed = ingest.size > 0;
    try {
      await this.#attempt(ingest, signal).catch(async (error) => {
        if (!resumed || signal.aborted || !isWrong(error)) throw error;
        ingest.restart();
        await this.#attempt(ingest, signal);
      });
    } catch (error) {
      if (isWrong(error)) ingest.discard();
      else ingest.suspend();
      throw error;
    }
    this.#report('Pull complete');
  }

  async #attempt(ingest: Ingest, signal: AbortSignal): Promise<void> {
    const session = await this.#session(ingest.path);
    const stop = new AbortController();
    session?.whenFailed(() => stop.abort());
    const onBytes = (received: number) => {
      session?.grow(received);
      this.#report('Downloading', received);
    };
    try {
      const both = AbortSignal.any([signal, stop.signal]);
      await download(this.repository, ingest, { signal: both, onBytes });
      this.#report('Verifying Checksum');
      ingest.verify();
    } catch (error) {
      const failure = session?.failure;
      await session?.abort();
      throw failure ?? error;
    }
    this.#report('Download complete');
    const synced = ingest.sync();
    // waited for also when unpacking fails: the caller closes the file then
    await session?.commit().finally(() => synced);
    await ingest.commit();
  }
}

const WRONG = ['DIGEST_MISMATCH', 'BAD_LAYER', 'LAYER_LIMIT'] as const;

/** The bytes themselves are at fault: they are of no use to another attempt. */
const isWrong = (error: unknown): boolean => isTinyrunError(error, ...WRONG);
