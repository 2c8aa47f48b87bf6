import { closeSync, createReadStream, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { putFile, putJson } from './blobs.ts';
import { applyChange } from './changes.ts';
import { Hasher } from './digest.ts';
import type { StoredImage } from './entry.ts';
import { addingIn } from './gc.ts';
import { ensureUnpacked } from './layers.ts';
import { tagName } from './reference.ts';
import { register } from './register.ts';
import type { ImageStore } from './store.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageDefaults,
  type Manifest,
  MEDIA,
  type Platform,
} from './types.ts';
import { decompress, detect } from './unpack/decompress.ts';

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
  const changed: ImageDefaults = {};
  for (const change of options.changes) applyChange(changed, change);
  return addingIn(store, 'import-', async (directory) => {
    const path = join(directory, 'layer');
    const layer = await receive(source, path);
    const diffId = await diffIdOf(path);
    await putFile(store, path, layer);
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

async function receive(source: AsyncIterable<Buffer>, path: string): Promise<Descriptor> {
  const fd = openSync(path, 'wx', 0o600);
  try {
    const hasher = new Hasher();
    let first = Buffer.alloc(0);
    for await (const chunk of source) {
      if (first.length < 6) first = Buffer.concat([first, chunk]).subarray(0, 6);
      hasher.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
    }
    if (first.length === 0) throw new TinyrunError('BAD_LAYER', 'the archive is empty');
    const mediaType = { gzip: MEDIA.layerGzip, zstd: MEDIA.layerZstd, none: MEDIA.layer }[detect(first)];
    return { mediaType, digest: hasher.digest(), size: statSync(path).size };
  } finally {
    closeSync(fd);
  }
}

async function diffIdOf(path: string): Promise<string> {
  const hasher = new Hasher();
  await decompress(createReadStream(path), (chunk) => hasher.update(chunk));
  return hasher.digest();
}
