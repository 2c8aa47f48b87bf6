import { errnoOf } from '../../errors.ts';
import { native } from '../../native/index.ts';
import type { TarEntry } from '../tar/header.ts';

export interface Ownership {
  readonly rootless: boolean;
  readonly umask: number;
  /** A directory with setgid was seen: what is made below it does not belong to root's group by itself. */
  always: boolean;
}

/** Marks that mean something to overlayfs: a layer that sets them could redirect lookups into other layers. */
const OVERLAY = /^(?:trusted|user)\.overlay\./;
/** The host's own labels, and what only makes sense on the file system the archive was made from. */
const FOREIGN = /^(?:security\.(?:selinux|ima|evm)|system\.nfs4_acl)$/;

/** Whether an attribute belongs to an image's files, not to this host or to how layers are put together. */
export const isOfFile = (xattr: string): boolean => !OVERLAY.test(xattr) && !FOREIGN.test(xattr);

/**
 * Owner, then mode, then xattrs: chown(2) clears setuid and security.capability. `path` is '' for `dirfd`
 * itself. Symbolic links have no mode.
 */
export function applyAttributes(
  dirfd: number,
  path: string,
  entry: TarEntry,
  owner: Ownership,
  chmod: boolean,
): void {
  if (!owner.rootless) native().fchownat(dirfd, path, entry.uid, entry.gid);
  if (chmod) native().fchmodat(dirfd, path, entry.mode);
  if (entry.xattrs) applyXattrs(dirfd, path, entry.xattrs, owner);
}

export function applyXattrs(
  dirfd: number,
  path: string,
  xattrs: Map<string, Buffer>,
  owner: Ownership,
): void {
  for (const [name, value] of xattrs) {
    if (!isOfFile(name)) continue;
    try {
      native().setxattr(dirfd, path, name, value);
    } catch (error) {
      if (!isTolerable(errnoOf(error), name, owner)) throw error;
    }
  }
}

/**
 * ENOTSUP: a file system without that class (user.* on a symbolic link: EPERM). Without root trusted.* and
 * security.* are out of reach. Losing security.capability with root would be a different image: that throws.
 */
function isTolerable(code: string | undefined, name: string, owner: Ownership): boolean {
  if (code === 'EOPNOTSUPP' || code === 'ENOTSUP') return name !== 'security.capability';
  return code === 'EPERM' && (owner.rootless || name.startsWith('user.'));
}
