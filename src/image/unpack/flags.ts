// Values of <fcntl.h>, <linux/openat2.h> and <sys/stat.h> that node:fs does not name; equal on x86-64 and arm64
// but for the O_DIRECTORY pair, which node:fs has.
import { constants } from 'node:fs';

export const { O_DIRECTORY, O_NOFOLLOW } = constants;
export const O_PATH = 0o10000000;

export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;

export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_REMOVEDIR = 0x200;

export const S_IFMT = 0o170000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_ISGID = 0o2000;
