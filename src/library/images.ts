import type { Engine as Core } from '../engine/engine.ts';
import type { PrunedImages } from '../engine/prune-images.ts';
import type { StoredImage } from '../image/entry.ts';
import type { OnProgress } from '../image/progress.ts';
import type { Pulled } from '../image/pull.ts';
import type { Pushed } from '../image/push.ts';
import type { Removed } from '../image/remove.ts';
import type { ImageRecord, Platform } from '../image/types.ts';
import type { ImageView } from '../image/view.ts';

/** How an image is exchanged with a registry. */
export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told what happens to each layer, in Docker's words. */
  readonly onProgress?: OnProgress | undefined;
}

/** What containers are made of: kept as an OCI image layout. */
export interface Images {
  /**
   * Fetches one from its registry, whether it is stored or not.
   * @throws TinyrunError REGISTRY, REGISTRY_NOT_FOUND, REGISTRY_DENIED …; AbortError
   * @example
   * const { image, upToDate } = await engine.images.pull('localhost:5000/app');
   * console.log(image.name, upToDate); // localhost:5000/app:latest false
   */
  pull(name: string, options?: TransferOptions & { readonly platform?: Platform }): Promise<Pulled>;
  /**
   * Sends one that is stored to the registry that it is named by.
   * @throws TinyrunError IMAGE_NOT_FOUND, REGISTRY, REGISTRY_DENIED …; AbortError
   * @example
   * await engine.images.tag('busybox', 'localhost:5000/team/app:1');
   * const { digest } = await engine.images.push('localhost:5000/team/app:1');
   * console.log(digest.slice(0, 7)); // sha256:
   */
  push(name: string, options?: TransferOptions): Promise<Pushed>;
  /**
   * Newest first; `filters` as of `images`: `dangling=true`, `label=KEY`, `reference=app:*` …
   * @throws TinyrunError for a filter that cannot be
   * @example
   * const [found] = await engine.images.list(['reference=busybox']);
   * console.log(found?.tags); // [ 'busybox:latest' ]
   */
  list(filters?: readonly string[]): Promise<readonly ImageView[]>;
  /**
   * With its documents: configuration, manifest, layers.
   * @throws TinyrunError IMAGE_NOT_FOUND
   * @example
   * const { config } = await engine.images.inspect('busybox');
   * console.log(config.os, config.config?.Cmd); // linux [ 'sh' ]
   */
  inspect(name: string): Promise<ImageRecord>;
  /**
   * Gives it one more name.
   * @throws TinyrunError IMAGE_NOT_FOUND, INVALID_REFERENCE
   * @example
   * await engine.images.tag('busybox', 'tools:1');
   */
  tag(name: string, as: string): Promise<void>;
  /**
   * Takes a name away, and the image with its last one.
   * @throws TinyrunError IMAGE_NOT_FOUND, IMAGE_IN_USE
   * @example
   * await engine.images.tag('busybox', 'tools:2');
   * console.log((await engine.images.remove('tools:2')).untagged); // [ 'tools:2' ]
   */
  remove(name: string, options?: { readonly force?: boolean }): Promise<Removed>;
  /**
   * All images of an archive that docker save wrote, or `save`: a file, or its bytes.
   * @throws TinyrunError BAD_IMAGE, BAD_LAYER …
   * @example
   * const [loaded] = await engine.images.load(engine.images.save('busybox'));
   * console.log(loaded?.name); // docker.io/library/busybox:latest
   */
  load(
    archive: string | AsyncIterable<Buffer>,
    options?: { readonly platform?: Platform },
  ): Promise<readonly StoredImage[]>;
  /**
   * An archive that docker load and readers of OCI layouts understand.
   * @throws TinyrunError IMAGE_NOT_FOUND
   * @example
   * import { writeFile } from 'node:fs/promises';
   * await writeFile('busybox.tar', engine.images.save('busybox'));
   */
  save(...names: readonly string[]): AsyncGenerator<Buffer>;
  /**
   * Removes those that no container has: the ones without a name, or `all`.
   * @example
   * const { deleted, reclaimed } = await engine.images.prune();
   * console.log(deleted.length, reclaimed); // 0 0
   */
  prune(options?: { readonly all?: boolean; readonly filters?: readonly string[] }): Promise<PrunedImages>;
}

export function imagesOf(core: Core): Images {
  const { roots } = core;
  const engine = () => import('../engine/images.ts');
  return {
    pull: async (name, options) => (await engine()).pullImage(roots, name, options),
    push: async (name, options) => (await engine()).pushImage(roots, name, options),
    list: async (filters) => (await engine()).listImages(roots, filters),
    inspect: async (name) => (await engine()).findStored(roots, name),
    tag: async (name, as) => (await engine()).tagImage(roots, name, as),
    remove: async (name, options) => (await engine()).removeStored(roots, name, options),
    load: async (archive, options) => (await engine()).loadImages(roots, archive, options),
    async *save(...names) {
      yield* (await engine()).saveImages(roots, names);
    },
    prune: core.pruneImages,
  };
}
