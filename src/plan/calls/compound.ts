import { calls, quote } from './format.ts';

// What is one thing to who reads of it and several calls to the kernel, or one call many times.

/** A file that comes to be whole: who opens it has the old one or the new. `write`: how it is filled. */
export const replaceFile = (path: string, write = 'write(temporary)'): string =>
  calls('open(temporary, O_CREAT|O_EXCL, 0600)', write, `rename(temporary, ${quote(path)})`);

/** A line to a file that several write to. */
export const appendToFile = (path: string): string =>
  calls(`open(${quote(path)}, O_APPEND|O_CREAT, 0600)`, `write(${quote(path)})`);

export const removeTree = (path: string): string =>
  `unlinkat(AT_FDCWD, ${quote(path)}, AT_REMOVEDIR) and all below`;
