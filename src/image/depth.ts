import { TinyrunError } from '../errors.ts';

/** Directories in each other that a tree is gone down: each costs an fd and a part of the stack. */
const DEEPEST = 800;

/**
 * Who goes down a tree that others made goes no deeper than this: programs can make directories far below where a path leads.
 * @param path of a directory, its parts separated by slashes
 * @throws TinyrunError LAYER_LIMIT
 */
export function checkDepth(path: string, deepest = DEEPEST): void {
  if (path.length < deepest || path.split('/').filter(Boolean).length <= deepest) return;
  throw new TinyrunError(
    'LAYER_LIMIT',
    `${JSON.stringify(path.slice(0, 80))}… is more than ${deepest} directories deep`,
    {
      hint: 'remove what lies that deep from it',
    },
  );
}
