import { existsSync, type FSWatcher, watch } from 'node:fs';
import { errnoOf } from '../errors.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { type ContainerView, readRecord, viewOf } from './record.ts';

/** The death of who holds a lock moves nothing in its directory. */
const LOOK_AGAIN = 1000;

/** Waits until a container is what `isOver` says, or has no run directory: what moves in that is told by the kernel. */
export async function awaitChange(
  roots: Roots,
  id: string,
  isOver: (view: ContainerView) => boolean,
): Promise<void> {
  const { run } = containerPaths(roots, id);
  let wake = () => {};
  const watcher = watchIfThere(run, () => wake());
  try {
    while (watcher !== undefined && existsSync(run)) {
      const moved = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const record = readRecord(roots, id);
      if (record === undefined || isOver(viewOf(roots, record))) return;
      const timer = setTimeout(wake, LOOK_AGAIN);
      await moved;
      clearTimeout(timer);
    }
  } finally {
    watcher?.close();
  }
}

/** Tells each move in a directory; undefined: there is none. */
export function watchIfThere(path: string, onMove: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, onMove);
    watcher.on('error', onMove);
    return watcher;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
