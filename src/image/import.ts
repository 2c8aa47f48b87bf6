import { join } from '../store/join.ts';
import { adoptFile, putJson } from './blobs.ts';
import { applyChanges } from './changes.ts';
import type { StoredImage } from './entry.ts';
import { addingIn } from './gc.ts';
import { ensureUnpacked } from './layers.ts';
import { diffIdOf, receive } from './receive.ts';
import { tagName } from './reference.ts';
import { register } from './register.ts';
import type { ImageStore } from './store.ts';
import { type ImageConfig, type ImageDefaults, type Manifest, MEDIA, type Platform } from './types.ts';

export interface ImportArchiveOptions {
  readonly name: string | undefined;
  /** Dockerfile instructions. */
  readonly changes: readonly string[];
  readonly message: string;
  readonly platform: Platform;
}

/**
 * An image of one layer: the archive as it is, plain or packed.
 * @throws TinyrunError BAD_LAYER, USAGE for a bad change, INVALID_REFERENCE
 */
export async function importArchive(
  store: ImageStore,
  source: AsyncIterable<Buffer>,
  options: ImportArchiveOptions,
): Promise<StoredImage> {
  const name = options.name === undefined ? {} : { name: tagName(options.name) };
  const changed = applyChanges({}, options.changes);
  return addingIn(store, 'import-', async (directory) => {
    const path = join(directory, 'layer');
    const layer = await receive(source, path);
    const diffId = await diffIdOf(path);
    await adoptFile(store, path, layer);
    const config = configOf(options, changed, diffId);
    const stored = putJson(store, config, MEDIA.config);
    await ensureUnpacked(store, { layers: [{ ...layer, diffId }] });
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: stored,
      layers: [layer],
    };
    return register(store, {
      manifest: putJson(store, manifest, MEDIA.manifest),
      configDigest: stored.digest,
      config,
      ...name,
    });
  });
}

function configOf(
  { message, platform }: ImportArchiveOptions,
  config: ImageDefaults,
  diffId: string,
): ImageConfig {
  const created = new Date().toISOString();
  const { os, architecture, variant } = platform;
  return {
    created,
    os,
    architecture,
    ...(variant !== undefined && { variant }),
    config,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment: message }],
  };
}
