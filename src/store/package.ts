import { basename, dirname } from 'node:path';

/** Whether this is the built code, in dist/, rather than the sources, in src/store/. */
export const isBuilt = basename(import.meta.dirname) === 'dist';

let root = isBuilt ? dirname(import.meta.dirname) : dirname(dirname(import.meta.dirname));

/** The directory of the installed package. */
export function packageRoot(): string {
  return root;
}

/** A start-up snapshot remembers where the package lay when it was made, and is told where it lies now. */
export function setPackageRoot(directory: string): void {
  root = directory;
}
