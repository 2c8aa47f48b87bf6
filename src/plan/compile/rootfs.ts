import { isAbsolute, join } from 'node:path/posix';
import { MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE } from '../../spec/linux.ts';
import { FLAGS } from '../steps.gen.ts';
import type { Context } from './context.ts';
import { PROPAGATIONS } from './mount-options.ts';
import type { IdmapSlots } from './mount-sources.ts';

/** A detached mount with mapped ids, and the directory that it will be attached over. */
export interface MappedTree {
  readonly slot: number;
  readonly path: string;
}

const WHOLE_TREE = FLAGS.openTree.recursive | FLAGS.openTree.mapsBelow;

/** Opens on the host what shows mapped ids: the root itself, or the directories an overlay is made from. */
export function openRootfs(c: Context, idmaps: IdmapSlots): MappedTree[] {
  const { rootfs } = c.options;
  if (rootfs.idmap === undefined) return [];
  const userns = idmaps(rootfs.idmap);
  const paths = rootfs.kind === 'overlay' ? rootfs.idmap.trees : [absolute(c, rootfs.path)];
  return paths.map((path) => {
    const slot = c.passedSlot();
    const why = 'the files of the image show the ids of the container';
    c.onHost('openTree', { path, recursive: rootfs.kind === 'overlay' ? 0 : WHOLE_TREE, userns, slot }, why);
    return { slot, path };
  });
}

/**
 * An overlay of mapped layers, made before the user namespace is: overlayfs keeps its whiteouts in trusted xattrs, which
 * the root of a user namespace may not read, and takes layers only from mounts of its own mount namespace.
 */
export function overlayOutside(c: Context, trees: readonly MappedTree[]): void {
  const why = 'the layers are attached where only this process and its children see them';
  c.inContainer('propagateRoot', { flags: MS_REC | MS_PRIVATE }, why);
  for (const { slot, path } of trees)
    c.inContainer('rootfsAttach', { slot, path }, 'files of the image, with the ids of the container');
  overlay(c);
  // A copied mount namespace takes the current directory along, and with it a way past the 0700 data root.
  c.inContainer(
    'chdir',
    { path: '/', create: 0 },
    'where the root of a user namespace may not walk, it stands',
  );
}

const absolute = (c: Context, path: string): string =>
  isAbsolute(path) ? path : join(c.options.bundle, path);

/**
 * What the copy of the host's mounts becomes, until the root is entered. All of them, also where the specification
 * asks for `private` and not `rprivate`: a mount that stayed shared would take the detach of the old root to the host,
 * which then loses its own mounts. An unbindable root could not be cloned: it becomes that at the end.
 */
function hostPropagation(wanted = ''): number {
  const flags = PROPAGATIONS[wanted] ?? MS_SLAVE;
  if ((flags & MS_SHARED) !== 0) return flags;
  return MS_REC | ((flags & MS_SLAVE) !== 0 ? MS_SLAVE : MS_PRIVATE);
}

/** The root filesystem attached; from here on paths are "in the root". */
export function rootfs(c: Context, trees: readonly MappedTree[]): void {
  const source = c.options.rootfs;
  if (!c.has('mount')) {
    const path = absolute(c, source.kind === 'directory' ? source.path : source.mountpoint);
    c.inContainer('rootfsDirect', { path }, 'without a mount namespace nothing may be mounted');
    return;
  }
  const flags = hostPropagation(c.linux.rootfsPropagation);
  const stays = (flags & MS_SHARED) === 0;
  const why = stays
    ? 'what is mounted from here on stays in the container'
    : 'linux.rootfsPropagation: mounts may reach the host';
  c.inContainer('propagateRoot', { flags }, why);
  const [tree] = trees;
  if (source.kind === 'overlay') {
    if (tree === undefined) overlay(c);
    else {
      const bound = { path: '.', recursive: 1 };
      c.inContainer('rootfsBind', bound, 'the overlay from outside is locked here: its clone can be a root');
    }
  } else if (tree !== undefined) {
    c.inContainer('rootfsAttach', tree, 'the root, with its ids mapped');
  } else {
    // pivot_root(2) wants a mount point, and submounts of it come along.
    c.inContainer('rootfsBind', { path: absolute(c, source.path), recursive: 1 }, 'the root must be a mount');
  }
}

/** What everything mounted from here on relies on: no link of the image leads it astray. */
export function plainPaths(c: Context): void {
  const { plain } = c.options;
  if (plain === undefined || !c.has('mount')) return;
  const { dirs, files, links, mountpoints } = plain;
  c.inContainer('plainPaths', { dirs, files }, 'what the image has there instead is replaced, not followed');
  for (const [path, target] of Object.entries(links))
    c.inContainer('makeSymlink', { target, path }, 'where programs look for it');
  for (const path of mountpoints)
    c.inContainer('makeDir', { path, mode: 0o755, uid: 0, gid: 0 }, 'the image calls it a volume');
}

function overlay(c: Context): void {
  const source = c.options.rootfs;
  if (source.kind !== 'overlay') return;
  const { mountpoint: path, lowers, upper = '', work = '', base = '', options = [] } = source;
  const what = upper ? 'the layers of the image, and one to write to' : 'the layers of the image';
  c.inContainer('rootfsOverlay', { path, lowers, upper, work, options, base }, what);
}

/** Makes it the root of the process, out of which there is no way back. */
export function enterRoot(c: Context): void {
  if (!c.has('mount')) c.inContainer('chroot', {}, 'its paths start at its own root');
  else if (c.options.noPivot) c.inContainer('moveRoot', {}, 'an initramfs cannot be pivoted away');
  else c.inContainer('pivotRoot', {}, 'the old root is gone, not only out of sight');
  const flags = PROPAGATIONS[c.linux.rootfsPropagation ?? ''] ?? 0;
  // Set again, now that "/" is the container's root and not the host's.
  if (c.has('mount') && flags !== 0 && (flags & MS_PRIVATE) === 0)
    c.inContainer('rootPropagation', { flags }, 'linux.rootfsPropagation');
}
