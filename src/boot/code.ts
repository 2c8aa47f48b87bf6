import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isTrusted } from '../store/trust.ts';

/**
 * Where what V8 compiled of a bundle is kept, in the directory of a start-up snapshot. V8 itself knows a source again by its
 * length alone.
 */
export function codeFile(directory: string, bundle: string): string {
  const { size, mtimeMs } = statSync(bundle);
  return join(directory, `${basename(bundle)}-${size}-${mtimeMs}.code`);
}

/** Undefined where there is none that may be run. What does not fit this node V8 refuses, and compiles anew. */
export function codeOf(directory: string, bundle: string): Buffer | undefined {
  const file = codeFile(directory, bundle);
  const found = statSync(file, { throwIfNoEntry: false });
  return found && isTrusted(found) ? readFileSync(file) : undefined;
}
