import { posix } from 'node:path';
import { errnoOf, TinyrunError } from '../../errors.ts';
import { kindOf, statIfAny } from '../../image/unpack/nodes.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { Fd, Stat } from '../../native/types.ts';
import { readWritten, type Written } from './rules.ts';

/** The file system that paths are of: of a container every one is resolved by the kernel, below its root. */
export interface Tree {
  readonly root: Fd;
  /** RESOLVE_* of openat2(2). */
  readonly resolve: number;
}

/** Where a path leads: a name (or '' for the directory itself) in a directory that is open. */
export interface Place extends Written {
  readonly dir: Fd;
  readonly base: string;
  /** What it was asked for by, where a link leads to it. */
  readonly name: string;
  readonly stat: Stat | undefined;
  close(): void;
}

/** As many as the kernel follows. */
const MAX_LINKS = 40;

/**
 * Finds a path; `follow`: a link at its end, too. A link is read and then resolved anew as a path of the tree, so that
 * nothing that is swapped meanwhile leads out. Undefined where the directory it is in is not there.
 */
export function findPlace(tree: Tree, text: string, follow: boolean, links = 0): Place | undefined {
  const written = readWritten(text);
  const { path, directory, contents } = written;
  const last = posix.basename(path);
  const base = last === '..' || last === '.' ? '' : last;
  const dir = openDirectory(tree, base === '' ? path || '/' : posix.dirname(path));
  if (dir === undefined) return undefined;
  const place = { ...written, dir, base, name: base, close: () => native().close(dir) };
  if (base === '') return { ...place, stat: native().fstatat(dir, '') };
  try {
    const stat = statIfAny(dir, base);
    if (!stat || kindOf(stat) !== 'symlink' || !(follow || directory)) return { ...place, stat };
    if (links >= MAX_LINKS) throw new TinyrunError('USAGE', `${text}: too many symbolic links`);
    const target = native().readlinkat(dir, base);
    const next = target.startsWith('/') ? target : `${posix.dirname(path)}/${target}`;
    const found = findPlace(tree, `${next}${contents ? '/.' : directory ? '/' : ''}`, follow, links + 1);
    place.close();
    return found && { ...found, name: base };
  } catch (error) {
    place.close();
    throw error;
  }
}

function openDirectory({ root, resolve }: Tree, path: string): Fd | undefined {
  try {
    return native().openat2(root, path, { flags: O_PATH | O_DIRECTORY, resolve });
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** The directory that a place is, to be read. */
export const enter = ({ dir, base }: Place): Fd =>
  native().openat2(dir, base === '' ? '.' : base, { flags: O_DIRECTORY | O_NOFOLLOW });

/** The directory that a place is in. */
export const around = ({ dir }: Place): Fd => native().openat2(dir, '.', { flags: O_DIRECTORY });
