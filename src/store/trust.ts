import type { Stats } from 'node:fs';

const WRITABLE_BY_OTHERS = 0o022;

/** Whether nobody but root and ourselves can have written it: only then may what it holds be run or loaded. */
export function isTrusted({ uid, mode }: Stats): boolean {
  return (uid === 0 || uid === process.geteuid?.()) && (mode & WRITABLE_BY_OTHERS) === 0;
}
