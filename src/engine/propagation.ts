import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { TinyrunError } from '../errors.ts';
import { mountAt, ownMounts } from '../runtime/filesystem.ts';
import type { Mount } from '../spec/types.ts';

/** By what a bind asks of its source's mount: the fields of its propagation, one of which it must have, and their name. */
const WANTED: readonly (readonly [readonly string[], RegExp, string])[] = [
  [['shared', 'rshared'], /^shared:/, 'shared'],
  [['slave', 'rslave'], /^(shared|master):/, 'shared or slave'],
];

/**
 * A bind is a peer or a slave of what its source is mounted by; of a private mount it would silently be neither.
 * @throws TinyrunError USAGE in Docker's words
 */
export function checkPropagation(mounts: readonly Mount[]): void {
  for (const { type, source, options = [] } of mounts) {
    const [, pattern, name] = WANTED.find(([words]) => words.some((word) => options.includes(word))) ?? [];
    if (type !== 'bind' || source === undefined || !pattern) continue;
    const mount = mountAt(ownMounts(), existing(source));
    if (!mount || mount.propagation.some((field) => pattern.test(field))) continue;
    throw new TinyrunError(
      'USAGE',
      `path ${source} is mounted on ${mount.path} but it is not a ${name} mount`,
      { hint: `mount --make-rshared ${mount.path}, or leave the propagation out` },
    );
  }
}

/** What is missing will be made, in the deepest directory that is there. */
function existing(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path === '/' ? path : existing(dirname(path));
  }
}
