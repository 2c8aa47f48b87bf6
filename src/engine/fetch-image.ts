import { TinyrunError } from '../errors.ts';
import { familiarReference, parseReference } from '../image/reference.ts';
import type { ImageStore } from '../image/store.ts';
import type { ImageRecord, Platform } from '../image/types.ts';

/** An answer within so many milliseconds or none: a host without a network must not wait for one. */
const PATIENCE = { idleMs: 5000, retry: { attempts: 1, baseMs: 0, maxMs: 0 } };

export interface FetchOptions {
  readonly platform: Platform | undefined;
  /** There is another place to take the image from: undefined is answered when no registry does. */
  readonly optional: boolean;
  /** A line for people. */
  readonly notify: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The image of a container that is not stored, from its registry.
 * @throws TinyrunError IMAGE_NOT_FOUND where the registry has none, else what kept us from asking it
 */
export async function fetchImage(
  store: ImageStore,
  name: string,
  { platform, optional, notify, signal }: FetchOptions,
): Promise<ImageRecord | undefined> {
  const reference = parseReference(name);
  const { pull } = await import('../image/pull.ts');
  if (!optional) notify(`Unable to find image '${familiarReference(reference)}' locally`);
  try {
    const { image, digest } = await pull(store, reference, {
      platform,
      signal,
      ...(optional && { client: PATIENCE }),
    });
    notify(`${name}: pulled, digest ${digest}`);
    return store.record(image);
  } catch (error) {
    if (!(error instanceof TinyrunError)) throw error;
    if (optional && error.code === 'REGISTRY') return undefined;
    if (error.code !== 'REGISTRY_NOT_FOUND') throw error;
    throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${error.message}`, {
      cause: error,
      hint: error.hint,
    });
  }
}
