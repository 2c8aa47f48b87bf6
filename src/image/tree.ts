import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, S_IFCHR, S_IFDIR, S_IFMT, S_IFREG } from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import type { Stat } from '../native/types.ts';
import { LayerStore } from './layers.ts';
import type { ImageRecord } from './types.ts';

export type Change = 'added' | 'changed' | 'removed';

export interface FileChange {
  readonly path: string;
  readonly change: Change;
  /** Bytes in this layer; a file with several names counts at the first. */
  readonly size: number;
  /** Bytes of lower layers that it hides: what is carried for nothing since. */
  readonly hides: number;
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
  const merged = new Map<string, Body>();
  const commands = (image.config.history ?? [])
    .filter((entry) => !entry.empty_layer)
    .map((entry) => entry.created_by ?? '');
  return image.config.rootfs.diff_ids.map((diffId, i) => {
    const entries = readLayer(store.tree(diffId));
    const changes = applyLayer(merged, entries);
    const sum = (of: 'size' | 'hides') => changes.reduce((total, change) => total + change[of], 0);
    return {
      diffId,
      size: sum('size'),
      createdBy: commands[i] ?? '',
      wasted: sum('hides'),
      changes: changes.sort((a, b) => b.size + b.hides - a.size - a.hides),
    };
  });
}

/** The bytes of a file, which several names of a layer may share: they are lost when the last of them is. */
export interface Body {
  readonly size: number;
  names: number;
}

export interface Entry {
  readonly path: string;
  readonly kind: 'file' | 'directory' | 'opaque' | 'whiteout';
  /** A file's. */
  readonly body?: Body;
}

/** Folds a layer into the files so far; `merged` maps paths to what lies there. */
export function applyLayer(merged: Map<string, Body>, entries: readonly Entry[]): FileChange[] {
  const changes: FileChange[] = [];
  const counted = new Set<Body>();
  for (const { path, kind, body } of entries) {
    if (kind === 'directory') continue;
    const hidden = hide(merged, path, kind !== 'file');
    if (body) {
      changes.push({
        path,
        change: hidden.length > 0 ? 'changed' : 'added',
        size: counted.has(body) ? 0 : body.size,
        hides: lost(hidden),
      });
      counted.add(body);
      merged.set(path, body);
    } else if (hidden.length > 0) changes.push({ path, change: 'removed', size: 0, hides: lost(hidden) });
  }
  return changes;
}

/** Takes a path, and with `below` all under it, out of the files so far. */
function hide(merged: Map<string, Body>, path: string, below: boolean): Body[] {
  const inside = below ? [...merged.keys()].filter((other) => other.startsWith(`${path}/`)) : [];
  return [path, ...inside].flatMap((name) => {
    const body = merged.get(name);
    merged.delete(name);
    return body ?? [];
  });
}

/** Bytes that no name leads to any more. */
function lost(hidden: readonly Body[]): number {
  let bytes = 0;
  for (const body of hidden) if (--body.names === 0) bytes += body.size;
  return bytes;
}

/** A layer's entries, directories before what is in them. */
function readLayer(root: string): Entry[] {
  const entries: Entry[] = [];
  const linked = new Map<bigint, Body>();
  /** A file with several names takes its bytes once. */
  const bodyOf = (stat: Stat): Body => {
    const known = linked.get(stat.ino);
    const body = known ?? { size: (stat.mode & S_IFMT) === S_IFREG ? stat.size : 0, names: 0 };
    if (stat.nlink > 1) linked.set(stat.ino, body);
    body.names++;
    return body;
  };
  const walk = (dir: number, prefix: string) => {
    // of several names of a file the first has its bytes, on whatever file system
    const names = native()
      .readdir(dir)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name } of names) {
      const stat = native().fstatat(dir, name);
      const type = stat.mode & S_IFMT;
      const path = `${prefix}${name}`;
      const whiteout = type === S_IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0;
      if (whiteout) entries.push({ path, kind: 'whiteout' });
      else if (type !== S_IFDIR) entries.push({ path, kind: 'file', body: bodyOf(stat) });
      else {
        entries.push({ path, kind: isOpaque(dir, name) ? 'opaque' : 'directory' });
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
