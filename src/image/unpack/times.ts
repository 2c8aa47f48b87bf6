import { errnoOf } from '../../errors.ts';
import { O_DIRECTORY, O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { TarEntry } from '../tar/header.ts';

type Times = Pick<TarEntry, 'atimeNs' | 'mtimeNs'>;

const HOW = { flags: O_PATH | O_DIRECTORY, resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
const REPLACED = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/** The times of a layer's directories, set after all else: writing into a directory changes them. */
export class DirectoryTimes {
  readonly #times = new Map<string, Times>();

  /** `path` is '' for the root. */
  note(path: string, { atimeNs, mtimeNs }: TarEntry): void {
    this.#times.set(path, atimeNs === undefined ? { mtimeNs } : { atimeNs, mtimeNs });
  }

  apply(root: number): void {
    for (const [path, times] of this.#times) {
      if (path === '') native().utimensat(root, '', times.atimeNs, times.mtimeNs);
      else applyBelow(root, path, times);
    }
  }
}

/** What an archive replaced after its entry is no such directory any more, and needs no times. */
function applyBelow(root: number, path: string, times: Times): void {
  try {
    const fd = native().openat2(root, path, HOW);
    native().utimensat(fd, '', times.atimeNs, times.mtimeNs);
    native().close(fd);
  } catch (error) {
    if (!REPLACED.includes(errnoOf(error) ?? '')) throw error;
  }
}
