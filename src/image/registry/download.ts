import { TinyrunError } from '../../errors.ts';
import type { Ingest } from '../blobs.ts';
import { Scavenger } from '../scavenge.ts';
import type { Repository } from './repository.ts';
import { isReset, pause, RETRY } from './retry.ts';
import { type HttpResponse, NOT_SATISFIABLE } from './transport.ts';

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  /** After each piece: so many bytes are in the file. */
  readonly onBytes: (received: number) => void;
}

/**
 * Receives a blob, going on by Range after each interruption, and from where an earlier pull stopped. Attempts are
 * counted anew whenever some bytes came.
 * @throws TinyrunError REGISTRY…, DIGEST_MISMATCH for a wrong length
 */
export async function download(
  repository: Repository,
  ingest: Ingest,
  options: DownloadOptions,
): Promise<void> {
  const policy = repository.options.retry ?? RETRY;
  const { digest, size } = ingest.expected;
  options.onBytes(ingest.size);
  for (let failures = 0; ingest.size < size; ) {
    const before = ingest.size;
    let cause: unknown;
    try {
      const response = await repository.openBlob(digest, before, options.signal);
      if (response.status === NOT_SATISFIABLE) restart(response, ingest);
      else await receive(response, ingest, options);
    } catch (error) {
      if (options.signal?.aborted || !isReset(error)) throw error;
      cause = error;
    }
    if (ingest.size >= size) return;
    failures = ingest.size > before ? 1 : failures + 1;
    if (failures >= policy.attempts) throw stopped(ingest, cause);
    await pause(policy, failures, undefined, options.signal);
  }
}

function stopped(ingest: Ingest, cause: unknown): TinyrunError {
  const { digest, size } = ingest.expected;
  const why = cause instanceof Error ? cause.message : 'the answer ended early';
  return new TinyrunError(
    'REGISTRY',
    `blob ${digest} stopped after ${ingest.size} of ${size} bytes: ${why}`,
    { cause },
  );
}

/** The registry's blob ends before what an earlier attempt left here: that is not of this blob, or not from here. */
function restart(response: HttpResponse, ingest: Ingest): void {
  response.body.resume();
  ingest.restart();
}

/** Of all downloads together. */
const scavenger = new Scavenger(3 << 20);

async function receive(response: HttpResponse, ingest: Ingest, { onBytes }: DownloadOptions): Promise<void> {
  let skip = checkRange(response, ingest);
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    scavenger.add(chunk.length);
    const fresh = chunk.subarray(Math.min(skip, chunk.length));
    skip -= chunk.length - fresh.length;
    if (fresh.length === 0) continue;
    ingest.write(fresh);
    onBytes(ingest.size);
  }
}

/** How many of the answer's first bytes are here already: all that are held where ranges are not served. */
function checkRange(response: HttpResponse, ingest: Ingest): number {
  const { digest, size } = ingest.expected;
  const length = response.headers['content-length'];
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.headers['content-range'] ?? '')?.[1];
    if (Number(start) === ingest.size) return 0;
    response.body.destroy();
    throw new TinyrunError(
      'REGISTRY',
      `blob ${digest}: asked for bytes from ${ingest.size} on, got them from ${start}`,
    );
  }
  if (length === undefined || Number(length) === size) return ingest.size;
  response.body.destroy();
  throw new TinyrunError(
    'DIGEST_MISMATCH',
    `blob ${digest}: the registry sends ${length} bytes, its descriptor says ${size}`,
  );
}
