import type { Roots } from '../store/paths.ts';
import { byTime } from '../store/time.ts';
import { goesOn, hasPolicy } from './again.ts';
import type { FindPid } from './config/namespaces.ts';
import { type ContainerRecord, containerIds, neverStarted, readRecord, viewOf } from './record.ts';
import { startContainer } from './start.ts';
import { sweepAll } from './sweep.ts';

export interface StartedAll {
  /** Names. */
  readonly started: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: Error }[];
}

/** Starts what ran when the host went down, and is to run again by its policy: oldest first, since later ones may join it. */
export async function startAll(roots: Roots, findPid: FindPid): Promise<StartedAll> {
  const failed: { name: string; error: Error }[] = [];
  const started: string[] = [];
  sweepAll(roots);
  for (const { id, name } of waiting(roots, (id, error) => failed.push({ name: id, error }))) {
    try {
      await startContainer(roots, id, findPid);
      started.push(name);
    } catch (error) {
      failed.push({ name, error: error as Error });
    }
  }
  return { started, failed };
}

function waiting(roots: Roots, onDamaged: (id: string, error: Error) => void): ContainerRecord[] {
  const records = containerIds(roots).flatMap((id) => {
    try {
      return readRecord(roots, id) ?? [];
    } catch (error) {
      onDamaged(id.slice(0, 12), error as Error);
      return [];
    }
  });
  return records
    .filter((record) => isDue(record) && viewOf(roots, record).status === 'exited')
    .sort((a, b) => byTime(a.created, b.created));
}

/** As Docker has it where its daemon starts: `always` means one that was stopped, too; what was never started is not. */
export function isDue(record: ContainerRecord): boolean {
  if (!hasPolicy(record) || neverStarted(record)) return false;
  const { on } = record.config.restart ?? {};
  if (on === 'always') return true;
  return record.wanted !== 'stopped' && (on === 'unless-stopped' || goesOn(record));
}
