import { existsSync } from 'node:fs';
import { AT_FDCWD, O_DIRECTORY, O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { LayerStore } from '../layers.ts';
import type { ImageLayer } from '../types.ts';

/**
 * Gives directories that an archive leaves out (it has `usr/bin/tool` and no `usr/`) the owner, mode and time of
 * the layer below: overlayfs shows the topmost directory's own, and the archive did not mean to change them.
 */
export function inheritImplied(
  layers: LayerStore,
  image: readonly ImageLayer[],
  fresh: readonly ImageLayer[],
): void {
  for (const layer of fresh) {
    const { implied } = layers.info(layer.diffId);
    if (implied.length === 0) continue;
    const below = image.slice(0, image.indexOf(layer)).reverse();
    const trees = below.map((lower) => layers.tree(lower.diffId));
    for (const path of implied) inherit(layers.tree(layer.diffId), trees, path);
  }
}

function inherit(tree: string, below: readonly string[], path: string): void {
  const target = openBelow(tree, path);
  const model = target === undefined ? undefined : firstBelow(below, path);
  if (model !== undefined && target !== undefined) copyAttributes(model, target);
  for (const fd of [model, target]) if (fd !== undefined) native().close(fd);
}

function firstBelow(trees: readonly string[], path: string): number | undefined {
  for (const tree of trees) {
    const fd = openBelow(tree, path);
    if (fd !== undefined) return fd;
  }
  return undefined;
}

function copyAttributes(model: number, target: number): void {
  const { uid, gid, mode, atimeNs, mtimeNs } = native().fstatat(model, '');
  native().fchownat(target, '', uid, gid);
  native().fchmodat(target, '', mode & 0o7777);
  native().utimensat(target, '', atimeNs, mtimeNs);
}

/** A real directory of a layer's tree, not through links; undefined where there is none. */
function openBelow(tree: string, path: string): number | undefined {
  if (!existsSync(tree)) return undefined;
  const root = native().openat2(AT_FDCWD, tree, { flags: O_PATH | O_DIRECTORY });
  try {
    const resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
    return native().openat2(root, path, { flags: O_PATH | O_DIRECTORY, resolve });
  } catch {
    return undefined;
  } finally {
    native().close(root);
  }
}
