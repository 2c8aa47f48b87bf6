import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { mountAt, ownMounts } from '../../runtime/filesystem.ts';
import { ConfigError } from './error.ts';
import type { MountConfig } from './types.ts';

/** By what a bind asks of its source's mount: the fields of its propagation, one of which it must have, and their name. */
const WANTED: readonly (readonly [readonly string[], RegExp, string])[] = [
  [['shared', 'rshared'], /^shared:/, 'shared'],
  [['slave', 'rslave'], /^(shared|master):/, 'shared or slave'],
];

/**
 * A bind is a peer or a slave of what its source is mounted by; of a private mount it would silently be neither.
 * @throws ConfigError in Docker's words
 */
export function checkPropagation(mounts: readonly MountConfig[]): void {
  for (const [index, mount] of mounts.entries()) {
    const { source, propagation = '' } = mount.kind === 'bind' ? mount : { source: '' };
    const [, pattern, name] = WANTED.find(([words]) => words.includes(propagation)) ?? [];
    const below = pattern && mountAt(ownMounts(), existing(source));
    if (!below || below.propagation.some((field) => pattern.test(field))) continue;
    throw new ConfigError(
      `mounts[${index}]`,
      `path ${source} is mounted on ${below.path} but it is not a ${name} mount`,
      { hint: `mount --make-rshared ${below.path}, or leave the propagation out` },
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
