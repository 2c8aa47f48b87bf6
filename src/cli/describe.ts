import { statSync } from 'node:fs';
import { join } from 'node:path';
import { createEngine } from '../engine/engine.ts';
import { execsOf } from '../engine/exec/execs.ts';
import { imageDefaultsOf } from '../engine/image-defaults.ts';
import { type ContainerPaths, containerPaths, rootfsPoint } from '../engine/layout.ts';
import { whyOfView } from '../engine/sent.ts';
import { sizesOf } from '../engine/usage.ts';
import { TinyrunError } from '../errors.ts';
import { LayerStore } from '../image/layers.ts';
import { ImageStore } from '../image/store.ts';
import { views } from '../image/view.ts';
import { STATE_FILE } from '../runtime/state.ts';
import type { Roots } from '../store/paths.ts';
import { describeImage } from '../views/image-inspect.ts';
import { describeContainer } from '../views/inspect.ts';

/** All that is known of the container of that name, beside its record, too. */
export function describeContainerOf(roots: Roots, name: string, withSize: boolean): object {
  const view = createEngine(roots).find(name);
  const paths = containerPaths(roots, view.record.id);
  return describeContainer(view, {
    paths,
    rootfs: rootfsPoint(roots),
    image: imageDefaultsOf(roots, view.record),
    sizes: withSize ? sizesOf(roots)(view) : undefined,
    started: startOf(paths),
    execs: view.state && execsOf(roots, view.record),
    why: whyOfView(roots, view),
  });
}

/** The plan publishes its state with its process, and nobody writes it again. */
function startOf({ run }: ContainerPaths): string | undefined {
  return statSync(join(run, STATE_FILE), { throwIfNoEntry: false })?.mtime.toISOString();
}

/** All that is known of the image of that name. */
export function describeImageOf(dataRoot: string, name: string): object {
  const store = new ImageStore(dataRoot);
  const image = store.resolve(name);
  const view = image && views(store.list()).find(({ id }) => id === image.id);
  if (!image || !view) throw new TinyrunError('IMAGE_NOT_FOUND', `no such image: ${name}`);
  const { lowers = [] } = new LayerStore(dataRoot).lowers(image.config.rootfs.diff_ids) ?? {};
  return describeImage(image, view, lowers);
}
