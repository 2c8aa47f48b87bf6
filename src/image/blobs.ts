import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { TinyrunError } from '../errors.ts';
import { syncDirectory, writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { type Lock, lock } from '../store/lock.ts';
import { ensureDir } from '../store/paths.ts';
import { digestOf, Hasher } from './digest.ts';
import { checkDigest } from './reference.ts';
import type { ImageStore } from './store.ts';
import type { Descriptor } from './types.ts';

/** Stores a small document under its digest. */
export function putBlob(store: ImageStore, bytes: Uint8Array, mediaType: string): Descriptor {
  const digest = digestOf(bytes);
  if (!store.hasBlob(digest)) {
    store.init();
    writeFileAtomic(store.blobPath(digest), bytes, { mode: 0o644, durable: true });
  }
  return { mediaType, digest, size: bytes.length };
}

/** A document as the store writes it. */
export function putJson(store: ImageStore, value: unknown, mediaType: string): Descriptor {
  return putBlob(store, Buffer.from(JSON.stringify(value)), mediaType);
}

/**
 * A blob being received into `images/ingest`, under its lock. What was received survives: the next one to ask for
 * the digest goes on where this one stopped. It becomes a blob only when size and digest are right.
 */
export class Ingest {
  #size: number;
  #hash: Hasher;
  #synced: Promise<void> | undefined;
  private constructor(
    readonly store: ImageStore,
    readonly expected: Descriptor,
    /** Where the bytes are until commit(). */
    readonly path: string,
    readonly fd: number,
    readonly held: Lock,
  ) {
    this.#size = fstatSync(fd).size;
    this.#hash = new Hasher(expected.digest);
    if (this.#size > expected.size) this.restart();
    else this.#rehash();
  }

  /** Waits for whoever receives the same blob; undefined when it is stored afterwards. */
  static async open(store: ImageStore, expected: Descriptor): Promise<Ingest | undefined> {
    checkDigest(expected.digest);
    store.init();
    if (store.hasBlob(expected.digest)) return undefined;
    const path = join(store.root, 'ingest', expected.digest.replace(':', '-'));
    const held = await lock(`${path}.lock`);
    if (store.hasBlob(expected.digest)) {
      held.release();
      return undefined;
    }
    return new Ingest(store, expected, path, openSync(path, 'a+', 0o644), held);
  }

  /** Bytes received so far. */
  get size(): number {
    return this.#size;
  }

  write(bytes: Uint8Array): void {
    if (this.#size + bytes.length > this.expected.size)
      throw new TinyrunError(
        'DIGEST_MISMATCH',
        `blob ${this.expected.digest} is longer than the ${this.expected.size} bytes its descriptor says`,
      );
    for (let done = 0; done < bytes.length; ) done += writeSync(this.fd, bytes, done);
    this.#hash.update(bytes);
    this.#size += bytes.length;
  }

  /** Forgets what was received: it was wrong, or the peer cannot continue it. */
  restart(): void {
    ftruncateSync(this.fd, 0);
    this.#size = 0;
    this.#synced = undefined;
    this.#hash = new Hasher(this.expected.digest);
  }

  /** @throws TinyrunError DIGEST_MISMATCH, and what was received is gone */
  verify(): void {
    const { digest, size } = this.expected;
    const got = this.#hash.digest();
    const received = this.#size;
    if (received === size && got === digest) return;
    this.restart();
    const why = received === size ? `its digest is ${got}` : `it has ${received} bytes, not ${size}`;
    throw new TinyrunError('DIGEST_MISMATCH', `blob ${digest}: ${why}`);
  }

  /** After verify(): brings it to disk, off the main thread, so that unpacking goes on meanwhile. */
  sync(): Promise<void> {
    this.#synced ??= promisify(fsync)(this.fd);
    // Whoever waits for commit() hears of it; until then it must not be unhandled.
    this.#synced.catch(() => undefined);
    return this.#synced;
  }

  /** After verify(): makes it durable and gives it its name. */
  async commit(): Promise<void> {
    const target = this.store.blobPath(this.expected.digest);
    ensureDir(dirname(target));
    await this.sync();
    renameSync(this.path, target);
    syncDirectory(dirname(target));
    this.#close();
    rmSync(`${this.path}.lock`, { force: true });
  }

  /** Leaves what was received for the next attempt. */
  suspend(): void {
    if (this.#size === 0) this.#remove();
    this.#close();
  }

  /** Removes what was received: it is wrong. */
  discard(): void {
    this.#remove();
    this.#close();
  }

  #remove(): void {
    rmSync(this.path, { force: true });
    rmSync(`${this.path}.lock`, { force: true });
  }

  #close(): void {
    closeSync(this.fd);
    this.held.release();
  }

  #rehash(): void {
    const piece = Buffer.allocUnsafe(1 << 20);
    for (let at = 0; at < this.#size; ) {
      const length = readSync(this.fd, piece, 0, piece.length, at);
      if (length === 0) break;
      this.#hash.update(piece.subarray(0, length));
      at += length;
    }
  }
}

/** Copies a file that holds a blob into the store, verified. */
export async function putFile(store: ImageStore, path: string, expected: Descriptor): Promise<void> {
  const ingest = await Ingest.open(store, expected);
  if (!ingest) return;
  try {
    ingest.restart();
    for (const piece of readPieces(path)) ingest.write(piece);
    ingest.verify();
  } catch (error) {
    ingest.suspend();
    throw error;
  }
  await ingest.commit();
}

/** A file that this process has written and hashed becomes a blob; it is gone from where it was. */
export async function adoptFile(store: ImageStore, path: string, { digest }: Descriptor): Promise<void> {
  if (store.hasBlob(digest)) return;
  const target = store.blobPath(digest);
  ensureDir(dirname(target));
  const fd = openSync(path, 'r');
  try {
    fchmodSync(fd, 0o644);
    await promisify(fsync)(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(path, target);
  syncDirectory(dirname(target));
}

function* readPieces(path: string): Generator<Buffer> {
  const fd = openSync(path, 'r');
  try {
    for (;;) {
      const piece = Buffer.allocUnsafe(1 << 20);
      const length = readSync(fd, piece);
      if (length === 0) return;
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(fd);
  }
}
