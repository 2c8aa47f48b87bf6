import { S_IFBLK, S_IFCHR } from '../../native/fcntl.ts';
import {
  MOUNT_ATTR__ATIME,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  MS_REC,
} from '../../spec/linux.ts';
import { FLAGS, type StepArgs } from '../steps.gen.ts';
import { NO_SLOT } from '../types.ts';
import { type Calls, calls, fd, flags, list, MOUNT_ATTR, octal, PROPAGATION, quote } from './format.ts';

/** Operations below the root of the container: fds that openat2(RESOLVE_IN_ROOT) answered, not paths. */
const inRoot = (path: string): string => `in_root(${quote(path)})`;
/** The same, made where it is missing, and what leads to it. */
const madeInRoot = (path: string): string => `in_root(${quote(path)}, O_CREAT)`;

function attributes(set: bigint, clear: bigint, recursive: boolean): string | false {
  if (set === 0n && clear === 0n) return false;
  const parts = [
    set !== 0n && `attr_set=${flags(set, MOUNT_ATTR)}`,
    clear !== 0n && `attr_clr=${flags(clear, { MOUNT_ATTR__ATIME, ...MOUNT_ATTR })}`,
  ].filter(Boolean);
  return `mount_setattr(fd, "", AT_EMPTY_PATH${recursive ? '|AT_RECURSIVE' : ''}, {${parts.join(', ')}})`;
}

function propagation(value: number): string | false {
  const recursive = (value & MS_REC) !== 0 ? '|AT_RECURSIVE' : '';
  return (
    value !== 0 &&
    `mount_setattr(fd, "", AT_EMPTY_PATH${recursive}, {propagation=${flags(value & ~MS_REC, PROPAGATION)}})`
  );
}

/** Attributes that a bind does not take over from its source, where that is asked for; those that the kernel has locked stay. */
const OWN = BigInt(
  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW,
);

function bind(args: StepArgs['bind']): string {
  const { source, slot, target, attrSet, attrClear, recAttrSet, recAttrClear } = args;
  const recursive = (args.flags & FLAGS.bind.recursive) !== 0 ? '|AT_RECURSIVE' : '';
  return calls(
    slot === NO_SLOT && `open_tree(AT_FDCWD, ${quote(source)}, OPEN_TREE_CLONE${recursive})`,
    (args.flags & FLAGS.bind.copyUp) !== 0 && `a copy of what ${inRoot(target)} had, while its mode is 01000`,
    attributes(recAttrSet, recAttrClear, true),
    attributes(
      attrSet,
      attrClear | ((args.flags & FLAGS.bind.ownAttributes) === 0 ? 0n : OWN & ~attrSet),
      false,
    ),
    propagation(args.propagation),
    `move_mount(${slot === NO_SLOT ? 'fd' : fd(slot)}, ${(args.flags & FLAGS.bind.targetMustExist) !== 0 ? inRoot(target) : madeInRoot(target)})`,
  );
}

function overlay({ path, lowers, upper, work, options }: StepArgs['rootfsOverlay']): string {
  const upperdir = upper && `fsconfig("upperdir", ${quote(upper)}); fsconfig("workdir", ${quote(work)})`;
  return calls(
    'fsopen("overlay")',
    `fsconfig("lowerdir+", ${list(lowers, 3)})`,
    upperdir,
    options.length > 0 && `fsconfig(${list(options)})`,
    'fsmount()',
    `move_mount(fd, ${quote(path)})`,
  );
}

const nodeType = (type: number): string =>
  type === S_IFCHR ? 'S_IFCHR' : type === S_IFBLK ? 'S_IFBLK' : 'S_IFIFO';

export const FILES: Calls<
  | 'propagateRoot'
  | 'rootfsBind'
  | 'rootfsAttach'
  | 'rootfsOverlay'
  | 'rootfsDirect'
  | 'mountFs'
  | 'bind'
  | 'mountAttr'
  | 'makeDir'
  | 'makeNode'
  | 'makeSymlink'
  | 'plainPaths'
  | 'console'
  | 'nullInput'
  | 'mask'
  | 'readonlyPath'
  | 'pivotRoot'
  | 'moveRoot'
  | 'chroot'
  | 'readonlyRoot'
  | 'rootPropagation'
> = {
  propagateRoot: ({ flags: value }) => `mount(NULL, "/", NULL, ${flags(value, PROPAGATION)}, NULL)`,
  rootfsBind: ({ path, recursive }) =>
    calls(
      `open_tree(AT_FDCWD, ${quote(path)}, OPEN_TREE_CLONE${recursive ? '|AT_RECURSIVE' : ''})`,
      `move_mount(fd, ${quote(path)})`,
    ),
  rootfsAttach: ({ slot, path }) => `move_mount(${fd(slot)}, ${quote(path)})`,
  rootfsOverlay: overlay,
  rootfsDirect: ({ path }) => `open(${quote(path)}, O_PATH|O_DIRECTORY)`,
  mountFs: ({ type, source, target, attr, options, flags: how, propagation: value }) =>
    calls(
      `fsopen(${quote(type)})`,
      `fsconfig(${[`source=${source}`, ...options].join(', ')})`,
      `fsmount(${flags(attr, MOUNT_ATTR)})`,
      propagation(value),
      `move_mount(fd, ${madeInRoot(target)})`,
      (how & FLAGS.mountFs.copyUp) !== 0 && `a copy of what ${inRoot(target)} had`,
    ),
  bind,
  mountAttr: ({ path, set, clear, propagation: value, recursive }) =>
    calls(`open(${inRoot(path)}, O_PATH)`, attributes(set, clear, recursive !== 0), propagation(value)),
  makeDir: ({ path, mode }) => `mkdirat(${inRoot(path)}, ${octal(mode)})`,
  makeNode: ({ path, type, mode, major, minor }) =>
    `mknodat(${inRoot(path)}, ${nodeType(type)}|${octal(mode)}, makedev(${major}, ${minor}))`,
  makeSymlink: ({ target, path }) => `symlinkat(${quote(target)}, ${inRoot(path)})`,
  plainPaths: ({ dirs, files }) =>
    calls(
      'unlinkat(what stands in the way)',
      dirs.length > 0 && `mkdirat(in_root(${list(dirs, dirs.length)}), 0755)`,
      files.length > 0 && `mknodat(in_root(${list(files, files.length)}), S_IFREG|0755)`,
    ),
  nullInput: () => calls(`fd = openat2(${inRoot('/dev/null')}, O_RDONLY)`, 'dup2(fd, 0)'),
  console: ({ flags: mode }) => {
    if ((mode & FLAGS.console.controllingOnly) !== 0) return 'ioctl(0, TIOCSCTTY)';
    return calls(
      `open(${inRoot('/dev/ptmx')}, O_RDWR|O_NOCTTY)`,
      'ioctl(TIOCSPTLCK)',
      'ioctl(TIOCGPTPEER)',
      (mode & FLAGS.console.lineEndsStay) !== 0 && 'ioctl(TCSETS, {-onlcr})',
      'fchown(fd)',
      (mode & FLAGS.console.noConsoleNode) === 0 && 'open_tree(fd, OPEN_TREE_CLONE)',
      (mode & FLAGS.console.noConsoleNode) === 0 && `move_mount(fd, ${madeInRoot('/dev/console')})`,
      'dup3(fd, 0 … 2)',
      (mode & FLAGS.console.notControlling) === 0 && 'ioctl(TIOCSCTTY)',
    );
  },
  mask: ({ path }) => `move_mount(/dev/null or an empty tmpfs, ${inRoot(path)})`,
  readonlyPath: ({ path }) =>
    calls(
      `open_tree(${inRoot(path)}, OPEN_TREE_CLONE|AT_RECURSIVE)`,
      attributes(1n, 0n, true),
      'move_mount(fd)',
    ),
  pivotRoot: () => calls('fchdir(root)', 'pivot_root(".", ".")', 'umount2(".", MNT_DETACH)', 'chdir("/")'),
  moveRoot: () => calls('fchdir(root)', 'mount(".", "/", NULL, MS_MOVE, NULL)', 'chroot(".")', 'chdir("/")'),
  chroot: () => calls('fchdir(root)', 'chroot(".")', 'chdir("/")'),
  readonlyRoot: () => 'mount_setattr(root, "", AT_EMPTY_PATH, {attr_set=MOUNT_ATTR_RDONLY})',
  rootPropagation: ({ flags: value }) => `mount(NULL, "/", NULL, ${flags(value, PROPAGATION)}, NULL)`,
};
