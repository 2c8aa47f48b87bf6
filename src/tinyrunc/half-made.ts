// A creator that is killed leaves a directory without state.json. What its plan made is in the journal, which any sweep takes
// back; the scope that systemd made for it is not a step's to end: systemd is to be asked. It hears of an empty cgroup by
// itself, but not of one that is gone before it has looked, and keeps the unit, active, for good. So does one that fails.
import { existsSync } from 'node:fs';
import { isHalfMade, lockDir } from '../runtime/dir.ts';
import type { StateFile } from '../runtime/state.ts';
import { writeFileAtomic } from '../store/atomic.ts';
import { join } from '../store/join.ts';
import { readIfExists } from '../store/read.ts';
import { removeScope, type Scope } from './scope.ts';

const SCOPE_FILE = 'scope.json';

/** Before systemd is asked for it. */
export function keepScope(dir: string, { scope, cgroup, owner }: StateFile): void {
  if (scope === undefined) return;
  const kept: Scope = { scope, owner, ...(cgroup === undefined ? {} : { cgroup }) };
  writeFileAtomic(join(dir, SCOPE_FILE), JSON.stringify(kept));
}

/** The scope that a directory tells of, whose lock the caller holds, is ended with all that is in it. @throws TinyrunError DBUS */
export async function endScope(dir: string): Promise<void> {
  const text = readIfExists(join(dir, SCOPE_FILE));
  if (text !== undefined) await removeScope(JSON.parse(text) as Scope);
}

/** What a killed creator left under an id that is to be used again; the rest of it is swept when the directory is claimed. */
export async function takeBackHalfMade(dir: string): Promise<void> {
  if (!existsSync(join(dir, SCOPE_FILE)) || !isHalfMade(dir)) return;
  const lock = lockDir(dir);
  if (lock === undefined) return;
  try {
    if (isHalfMade(dir)) await endScope(dir);
  } finally {
    lock.release();
  }
}
