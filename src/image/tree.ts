import { AT_FDCWD, native } from '../native/index.ts';
import type { Stat } from '../native/types.ts';
import { LayerStore } from './layers.ts';
import type { ImageRecord } from './types.ts';
import { O_DIRECTORY, O_NOFOLLOW, S_IFCHR, S_IFDIR, S_IFMT, S_IFREG } from './unpack/flags.ts';

export type Change = 'added' | 'changed' | 'removed';

export interface FileChange {
  readonly path: string;
  readonly change: Change;
  /** Bytes in this layer. */
  readonly size: number;
}

export interface LayerTree {
  readonly diffId: string;
  readonly size: number;
  readonly createdBy: string;
  /** Largest first. */
  readonly changes: readonly FileChange[];
  /** Bytes of lower layers that this layer hides: they are carried for nothing. */
  readonly wasted: number;
}

/** What each layer of an image does to the files below it, bottom layer first. */
export function layerTrees(dataRoot: string, image: ImageRecord): LayerTree[] {
  const store = new LayerStore(dataRoot);
  const merged = new Map<string, number>();
  const commands = (image.config.history ?? [])
    .filter((entry) => !entry.empty_layer)
    .map((entry) => entry.created_by ?? '');
  return image.config.rootfs.diff_ids.map((diffId, i) => {
    const entries = readLayer(store.tree(diffId));
    const { changes, wasted } = apply(merged, entries);
    const size = changes.reduce((sum, change) => sum + change.size, 0);
    return {
      diffId,
      size,
      createdBy: commands[i] ?? '',
      wasted,
      changes: changes.sort((a, b) => b.size - a.size),
    };
  });
}

interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'opaque' | 'whiteout';
  readonly size: number;
}

/** Folds a layer into the files so far; `merged` maps paths to sizes. */
function apply(
  merged: Map<string, number>,
  entries: readonly Entry[],
): { changes: FileChange[]; wasted: number } {
  const changes: FileChange[] = [];
  let wasted = 0;
  const hide = (path: string, below: boolean) => {
    const own = merged.get(path);
    const inside = below ? [...merged].filter(([other]) => other.startsWith(`${path}/`)) : [];
    for (const [other, size] of [...(own === undefined ? [] : [[path, own] as const]), ...inside]) {
      wasted += size;
      merged.delete(other);
    }
    return own !== undefined || inside.length > 0;
  };
  for (const { path, kind, size } of entries) {
    if (kind === 'directory') continue;
    const existed = hide(path, kind !== 'file');
    if (kind === 'file') merged.set(path, size);
    if (kind === 'file') changes.push({ path, change: existed ? 'changed' : 'added', size });
    else if (existed) changes.push({ path, change: 'removed', size: 0 });
  }
  return { changes, wasted };
}

/** A layer's entries, directories before what is in them. */
function readLayer(root: string): Entry[] {
  const entries: Entry[] = [];
  const linked = new Set<bigint>();
  /** A file with several names takes its bytes once. */
  const sizeOf = (stat: Stat) => {
    const counted = stat.nlink > 1 && linked.has(stat.ino);
    linked.add(stat.ino);
    return (stat.mode & S_IFMT) === S_IFREG && !counted ? stat.size : 0;
  };
  const walk = (dir: number, prefix: string) => {
    for (const { name } of native().readdir(dir)) {
      const stat = native().fstatat(dir, name);
      const type = stat.mode & S_IFMT;
      const path = `${prefix}${name}`;
      const whiteout = type === S_IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
      if (type !== S_IFDIR) entries.push({ path, kind: whiteout ? 'whiteout' : 'file', size: sizeOf(stat) });
      else {
        entries.push({ path, kind: isOpaque(dir, name) ? 'opaque' : 'directory', size: 0 });
        descend(dir, name, (fd) => walk(fd, `${path}/`));
      }
    }
  };
  descend(AT_FDCWD, root, (fd) => walk(fd, ''));
  return entries;
}

function descend(dir: number, name: string, visit: (fd: number) => void): void {
  const fd = native().openat2(dir, name, { flags: O_DIRECTORY | O_NOFOLLOW });
  try {
    visit(fd);
  } finally {
    native().close(fd);
  }
}

/** The mark that unpacking set: one without root cannot set trusted.*, and root's file systems may know no user.*. */
function isOpaque(dir: number, name: string): boolean {
  const mark = process.geteuid?.() === 0 ? 'trusted.overlay.opaque' : 'user.overlay.opaque';
  return native().getxattr(dir, name, mark)?.[0] === 'y'.charCodeAt(0);
}
