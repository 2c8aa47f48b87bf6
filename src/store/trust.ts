import { type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { TinyrunError } from '../errors.ts';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_ANYONE = 0o002;
const WRITABLE_BY_OTHERS = WRITABLE_BY_GROUP | WRITABLE_BY_ANYONE;

/** Whether nobody but root and ourselves can have written it: only then may what it holds be run or loaded. */
export function isTrusted({ uid, mode }: Stats): boolean {
  return (uid === 0 || uid === process.geteuid?.()) && (mode & WRITABLE_BY_OTHERS) === 0;
}

/**
 * Whether another than its owner and root may write it. A group that has its owner's number is his alone, where each user
 * has a group (umask 002).
 */
export function isWrittenByOthers({ uid, gid, mode }: Stats): boolean {
  if ((mode & WRITABLE_BY_ANYONE) !== 0) return true;
  return (mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0 && gid !== uid;
}

/**
 * What of the way to a file of the package others may write, the file and so many directories above: it is not loaded then.
 * All of the package may be another user's, as the code that runs here is, if no more than his.
 */
export function openToOthers(path: string, directories: number): string | undefined {
  for (let at = path, left = directories; left >= 0; at = dirname(at), left--)
    if (isWrittenByOthers(statSync(at))) return at;
  return undefined;
}

/** For code of the package that is about to be run. @throws TinyrunError PERMISSION where others may write it */
export function refuseOpenToOthers(path: string, directories: number): void {
  const open = openToOthers(path, directories);
  if (open === undefined) return;
  throw new TinyrunError('PERMISSION', `${path}: others may write ${open === path ? 'it' : open}`, {
    hint: `what others may write is not run: chmod go-w ${open}`,
  });
}
