import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  MS_PRIVATE,
  MS_REC,
  MS_SHARED,
  MS_SLAVE,
  MS_UNBINDABLE,
} from '../../spec/linux.ts';
import { dict } from '../../store/dict.ts';

// mounts[].options of config.md, "Linux mount options", sorted by which call of the mount API takes each.

/** Option → attributes it sets, attributes it clears; the recursive ones have an r in front. */
const ATTRIBUTES: Readonly<Record<string, readonly [set: number, clear: number]>> = dict({
  ro: [MOUNT_ATTR_RDONLY, 0],
  rw: [0, MOUNT_ATTR_RDONLY],
  nosuid: [MOUNT_ATTR_NOSUID, 0],
  suid: [0, MOUNT_ATTR_NOSUID],
  nodev: [MOUNT_ATTR_NODEV, 0],
  dev: [0, MOUNT_ATTR_NODEV],
  noexec: [MOUNT_ATTR_NOEXEC, 0],
  exec: [0, MOUNT_ATTR_NOEXEC],
  nosymfollow: [MOUNT_ATTR_NOSYMFOLLOW, 0],
  symfollow: [0, MOUNT_ATTR_NOSYMFOLLOW],
  nodiratime: [MOUNT_ATTR_NODIRATIME, 0],
  diratime: [0, MOUNT_ATTR_NODIRATIME],
  // The three access time modes are one field: the whole of it is cleared whichever is set (mount_setattr(2)).
  noatime: [MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME],
  atime: [0, MOUNT_ATTR__ATIME],
  relatime: [0, MOUNT_ATTR__ATIME],
  norelatime: [0, MOUNT_ATTR__ATIME],
  strictatime: [MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME],
  nostrictatime: [0, MOUNT_ATTR__ATIME],
});

/** MS_* of the propagation words; linux.rootfsPropagation uses them too. */
export const PROPAGATIONS: Readonly<Record<string, number>> = dict({
  private: MS_PRIVATE,
  rprivate: MS_PRIVATE | MS_REC,
  shared: MS_SHARED,
  rshared: MS_SHARED | MS_REC,
  slave: MS_SLAVE,
  rslave: MS_SLAVE | MS_REC,
  unbindable: MS_UNBINDABLE,
  runbindable: MS_UNBINDABLE | MS_REC,
});

/** Flags of the superblock, which fsconfig(2) takes as words. */
const SUPERBLOCK = new Set(['sync', 'async', 'dirsync', 'lazytime', 'nolazytime', 'mand', 'nomand']);

/** Defaults of every kernel, or flags of mount(2) that the mount API has no word for. */
const NOTHING = new Set(['defaults', 'silent', 'loud', 'acl', 'noacl', 'iversion', 'noiversion']);

export interface MountOptions {
  readonly bind: boolean;
  /** rbind. */
  readonly recursive: boolean;
  readonly remount: boolean;
  /** MOUNT_ATTR_* of the mount itself, and of it with all below. */
  readonly set: number;
  readonly clear: number;
  readonly recSet: number;
  readonly recClear: number;
  /** MS_*, 0 for none. */
  readonly propagation: number;
  readonly copyUp: boolean;
  readonly idmap: boolean;
  /** ridmap: what lies below the mount is mapped, too. */
  readonly idmapBelow: boolean;
  /** What the filesystem itself takes, superblock words included. */
  readonly data: readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Later options win; what only clears still clears, since a bind inherits what its source has. */
function applyAttribute(
  o: Mutable<MountOptions>,
  [set, clear]: readonly [number, number],
  rec: boolean,
): void {
  const kept = rec ? [o.recSet, o.recClear] : [o.set, o.clear];
  const nextSet = ((kept[0] ?? 0) & ~clear) | set;
  // Set wins over clear but for access times, where the kernel wants both.
  const nextClear = (((kept[1] ?? 0) & ~set) | clear) >>> 0;
  if (rec) [o.recSet, o.recClear] = [nextSet, nextClear];
  else [o.set, o.clear] = [nextSet, nextClear];
}

/** Options of the mount itself that are neither attribute nor propagation; false for data of the filesystem. */
function applyWord(o: Mutable<MountOptions>, option: string): boolean {
  if (option === 'bind' || option === 'rbind') {
    o.bind = true;
    o.recursive ||= option === 'rbind';
  } else if (option === 'remount') o.remount = true;
  else if (option === 'tmpcopyup') o.copyUp = true;
  else if (option === 'idmap' || option === 'ridmap') [o.idmap, o.idmapBelow] = [true, option === 'ridmap'];
  else return NOTHING.has(option);
  return true;
}

export function parseMountOptions(options: readonly string[] = []): MountOptions {
  const o: Mutable<MountOptions> = {
    bind: false,
    recursive: false,
    remount: false,
    set: 0,
    clear: 0,
    recSet: 0,
    recClear: 0,
    propagation: 0,
    copyUp: false,
    idmap: false,
    idmapBelow: false,
    data: [],
  };
  const data: string[] = [];
  for (const option of options) {
    const attribute = ATTRIBUTES[option];
    const recursive = option.startsWith('r') ? ATTRIBUTES[option.slice(1)] : undefined;
    const propagation = PROPAGATIONS[option];
    if (attribute !== undefined) applyAttribute(o, attribute, false);
    else if (recursive !== undefined) applyAttribute(o, recursive, true);
    else if (propagation !== undefined) o.propagation = propagation;
    else if (!applyWord(o, option)) data.push(option);
  }
  o.data = data;
  return o;
}

/** Superblock words and attributes apart from what a filesystem calls its own. */
export const isSuperblockWord = (option: string): boolean => SUPERBLOCK.has(option);
