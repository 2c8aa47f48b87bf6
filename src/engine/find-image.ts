import { existsSync } from 'node:fs';
import { TinyrunError } from '../errors.ts';
import { hostPlatform } from '../image/platform.ts';
import { formatReference, parseIdPrefix, parseReference } from '../image/reference.ts';
import { ImageStore } from '../image/store.ts';
import type { ImageRecord, Platform } from '../image/types.ts';
import { join } from '../store/join.ts';
import { packageRoot } from '../store/package.ts';
import type { Roots } from '../store/paths.ts';
import { ConfigError } from './config/error.ts';
import type { ContainerConfig } from './config/types.ts';
import type { CreateOptions, Notify } from './types.ts';

/** The one name that is served from what comes with tinyrun when neither the store nor a registry has it. */
const EMBEDDED = 'docker.io/library/busybox:latest';

/** The image of a container: from the local store, a registry, or for `busybox` the embedded copy. */
export async function findImage(
  roots: Roots,
  { image, platform }: ContainerConfig,
  { pull = 'missing', signal, ...options }: CreateOptions,
): Promise<ImageRecord> {
  const store = new ImageStore(roots.dataRoot);
  const notify = (!options.quiet && options.notify) || (() => {});
  if (!['missing', 'never', 'always'].includes(pull))
    throw new ConfigError('pull', 'not one of missing, never, always');
  const stored = pull === 'always' ? undefined : store.resolve(image, platform);
  if (stored) return stored;
  const optional = isEmbedded(image);
  if (pull !== 'never' && parseIdPrefix(image)?.length !== 64) {
    const { fetchImage } = await import('./fetch-image.ts');
    const pulled = await fetchImage(store, image, { platform, optional, notify, signal });
    if (pulled) {
      const { tellTransfer } = await import('./events/images.ts');
      tellTransfer(roots, 'pull', parseReference(image));
      return pulled;
    }
  }
  const why = pull === 'never' ? 'it is not stored' : 'no registry answered';
  const copy = optional
    ? await embedded(store, platform, (line) => notify(`busybox: ${why}, ${line}`))
    : undefined;
  if (copy) return copy;
  throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${image}`);
}

const isEmbedded = (name: string): boolean =>
  !/^[0-9a-f]{64}$/.test(name) && formatReference(parseReference(name)) === EMBEDDED;

async function embedded(
  store: ImageStore,
  platform: Platform | undefined,
  notify: Notify,
): Promise<ImageRecord | undefined> {
  const layout = embeddedLayout();
  if (!layout) return undefined;
  const { importLayout } = await import('../image/layout.ts');
  const entry = await importLayout(store, layout, EMBEDDED, { platform: platform ?? hostPlatform() });
  notify('using the copy that comes with tinyrun');
  return store.record(entry);
}

function embeddedLayout(): string | undefined {
  const layout = join(packageRoot(), 'rootfs-fixtures/out/busybox');
  return existsSync(join(layout, 'index.json')) ? layout : undefined;
}
