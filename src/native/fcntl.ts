// What the calls of the addon take and answer in numbers: <fcntl.h>, <linux/openat2.h>, <sys/stat.h>, <sys/file.h>. They
// lie below `spec`, beside the calls, because `store` opens files, too.

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_NONBLOCK = 0x800;
export const O_CLOEXEC = 0x80000;
export const O_PATH = 0x200000;
// arm64 numbers these two its own way (asm/fcntl.h).
const arm64 = process.arch === 'arm64';
export const O_DIRECTORY = arm64 ? 0x4000 : 0x10000;
export const O_NOFOLLOW = arm64 ? 0x8000 : 0x20000;

/** Stands for the current directory. */
export const AT_FDCWD = -100;
export const AT_EMPTY_PATH = 0x1000;
export const AT_RECURSIVE = 0x8000;

export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;

export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;

export const F_WRLCK = 1;
export const F_UNLCK = 2;

export const S_IFMT = 0o170000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;
export const S_ISGID = 0o2000;
