import { isAbsolute, join } from 'node:path/posix';
import { MS_PRIVATE, MS_REC, MS_SHARED, MS_SLAVE } from '../../spec/linux.ts';
import { NO_SLOT } from '../types.ts';
import type { Context } from './context.ts';
import { PROPAGATIONS } from './mount-options.ts';
import type { IdmapSlots } from './mount-sources.ts';

/** Opens an idmapped root on the host; NO_SLOT for any other. */
export function openRootfs(c: Context, idmaps: IdmapSlots): number {
  const { rootfs } = c.options;
  if (rootfs.kind !== 'directory' || rootfs.idmap === undefined) return NO_SLOT;
  const userns = idmaps(rootfs.idmap);
  const slot = c.passedSlot();
  const why = 'the files of the image show the ids of the container';
  c.onHost('openTree', { path: absolute(c, rootfs.path), recursive: 1, userns, slot }, why);
  return slot;
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
export function rootfs(c: Context, slot: number): void {
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
  if (source.kind === 'overlay') {
    const { mountpoint: path, lowers, upper = '', work = '', base = '', options = [] } = source;
    const what = upper ? 'the layers of the image, and one to write to' : 'the layers of the image';
    c.inContainer('rootfsOverlay', { path, lowers, upper, work, options, base }, what);
  } else if (slot !== NO_SLOT) {
    c.inContainer('rootfsAttach', { slot, path: absolute(c, source.path) }, 'the root, with its ids mapped');
  } else {
    // pivot_root(2) wants a mount point, and submounts of it come along.
    c.inContainer('rootfsBind', { path: absolute(c, source.path), recursive: 1 }, 'the root must be a mount');
  }
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
