import { errnoOf } from '../../errors.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { Stat } from '../../native/types.ts';
import { bad, type TarEntry } from '../tar/header.ts';

export type Kind = 'directory' | 'symlink' | 'whiteout' | 'other';

export function kindOf(stat: Stat): Kind {
  const type = stat.mode & S_IFMT;
  if (type === S_IFDIR) return 'directory';
  if (type === S_IFLNK) return 'symlink';
  return type === S_IFCHR && stat.rdevMajor === 0 && stat.rdevMinor === 0 ? 'whiteout' : 'other';
}

export function statIfAny(dir: number, base: string): Stat | undefined {
  try {
    return native().fstatat(dir, base);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether two names are one file. A link made onto itself would begin with removing the file. */
export function isSame(from: number, source: string, to: number, base: string): boolean {
  if (from !== to && source !== base) return false;
  const other = statIfAny(to, base);
  if (!other) return false;
  const one = native().fstatat(from, source);
  return one.ino === other.ino && one.dev === other.dev;
}

/** Makes a symbolic link, a device or a FIFO. */
export function makeNode(dir: number, base: string, entry: TarEntry): void {
  if (entry.type === 'symlink') native().symlinkat(linkTarget(entry), dir, base);
  else native().mknodat(dir, base, nodeType(entry) | 0o600, entry.devMajor, entry.devMinor);
}

function nodeType(entry: TarEntry): number {
  if (entry.type === 'char') return S_IFCHR;
  return entry.type === 'block' ? S_IFBLK : S_IFIFO;
}

function linkTarget(entry: TarEntry): string {
  if (entry.linkname === '') throw bad(`symbolic link ${entry.name} has no target`);
  return entry.linkname;
}
