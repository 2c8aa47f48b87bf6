import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  type Stats,
} from 'node:fs';
import { errnoOf } from '../../errors.ts';
import { AT_FDCWD } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import { Scavenger } from '../scavenge.ts';
import { TarReader } from '../tar/reader.ts';
import { decompress } from './decompress.ts';
import { checkRatio, LIMITS, type Limits } from './limits.ts';
import type { Tail } from './tail.ts';
import { LayerWriter, type WriterResult } from './writer.ts';

/** One layer to unpack: everything in it crosses to a worker thread as it is. */
export interface UnpackJob {
  /** fd of the blob, maybe still growing; whoever made the job closes it. */
  readonly blob: number;
  /** An empty directory. */
  readonly target: string;
  readonly limits?: Limits;
  readonly rootless?: boolean;
  /** Each entry by the reader that knows all kinds, and none by the threads for plain files. */
  readonly oneByOne?: boolean;
}

export interface Unpacked extends WriterResult {
  /** Digest of the uncompressed archive. */
  readonly diffId: string;
}

/**
 * Reads, decompresses, hashes and writes one layer; memory is a few chunks. Nothing waits for anything but the
 * blob and the addon's threads: writing is synchronous, so this belongs on a thread of its own.
 */
export async function unpack(job: UnpackJob, tail: Tail): Promise<Unpacked> {
  const before = lstatSync(job.target);
  try {
    return await attempt(job, tail);
  } catch (error) {
    if (job.oneByOne || errnoOf(error) !== 'EEXIST') throw error;
  }
  // a name that comes twice: which is the last, only who makes one after the other can tell
  makeAnew(job.target, before);
  return attempt({ ...job, oneByOne: true }, tail);
}

/** Empty, and without what the archive says of its root. */
function makeAnew(directory: string, { mode, uid, gid }: Stats): void {
  native().removeTree(AT_FDCWD, directory);
  mkdirSync(directory, { mode: 0o700 });
  chownSync(directory, uid, gid);
  chmodSync(directory, mode & 0o7777);
}

async function attempt(job: UnpackJob, tail: Tail): Promise<Unpacked> {
  const root = openSync(job.target, constants.O_RDONLY | constants.O_DIRECTORY);
  const limits = job.limits ?? LIMITS;
  const files = native().layerFiles();
  const writer = new LayerWriter(root, {
    limits,
    rootless: job.rootless ?? false,
    ...(job.oneByOne ? {} : { files }),
  });
  try {
    const hash = files.hashes ? undefined : createHash('sha256');
    const reader = new TarReader(writer);
    const packed = { bytes: 0 };
    const scavenger = new Scavenger(3 << 20);
    let bytes = 0;
    await decompress(counted(tail.read(job.blob), packed), (chunk) => {
      bytes += chunk.length;
      scavenger.add(chunk.length);
      checkRatio(packed.bytes, bytes, limits);
      files.push(chunk);
      hash?.update(chunk);
      reader.push(chunk);
    });
    reader.finish();
    const result = writer.finish();
    return { ...result, diffId: `sha256:${hash ? hash.digest('hex') : files.digest()}` };
  } finally {
    writer.close();
    files.close();
    closeSync(root);
  }
}

async function* counted(source: AsyncIterable<Buffer>, count: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    count.bytes += chunk.length;
    yield chunk;
  }
}
