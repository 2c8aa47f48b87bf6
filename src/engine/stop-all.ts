import type { Roots } from '../store/paths.ts';
import { containerIds, readRecord, viewOf } from './record.ts';
import { isRunning } from './status.ts';
import { stopContainer } from './stop.ts';
import { sweepAll } from './sweep.ts';

export interface StoppedAll {
  /** Names. */
  readonly stopped: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: Error }[];
}

/**
 * Ends all that runs, at once and each in its own way, since the host goes down: what its user wants of it stays, so that
 * `startAll` brings it back.
 */
export async function stopAll(roots: Roots): Promise<StoppedAll> {
  sweepAll(roots);
  const failed: { name: string; error: Error }[] = [];
  const stopped: string[] = [];
  const stop = async (id: string): Promise<void> => {
    let name = id.slice(0, 12);
    try {
      const record = readRecord(roots, id);
      if (record === undefined || !isRunning(viewOf(roots, record))) return;
      name = record.name;
      await stopContainer(roots, id, {}, 'stop-all');
      stopped.push(name);
    } catch (error) {
      failed.push({ name, error: error as Error });
    }
  };
  await Promise.all(containerIds(roots).map(stop));
  return { stopped: stopped.sort(), failed };
}
