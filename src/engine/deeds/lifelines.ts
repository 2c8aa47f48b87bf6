import { readFileSync } from 'node:fs';
import { appendToFile, removeTree, replaceFile } from '../../plan/calls/compound.ts';
import { quote } from '../../plan/calls/format.ts';
import { namesIn } from '../../runtime/journal.ts';
import { readState } from '../../runtime/state.ts';
import { eventsPath } from '../../store/events.ts';
import { join } from '../../store/join.ts';
import type { Roots } from '../../store/paths.ts';
import { rfc3339 } from '../../store/time.ts';
import { containerPaths, EXIT_FILE, runningDir } from '../layout.ts';
import { type ContainerRecord, readRecord } from '../record.ts';
import { removalOf } from '../removal.ts';
import { planFrom, stepsOf } from './plans.ts';
import { applySteps, type Stage } from './stand-in-addon.ts';
import { content } from './world.ts';

// A container's end is its lifeline's business: what that does then is told as its deeds, and done to the rehearsal's world.

/** The container whose first process that is. */
export function containerOf(roots: Roots, pid: number): string | undefined {
  return namesIn(runningDir(roots)).find((id) => stateOf(roots, id)?.pid === pid);
}

function stateOf(roots: Roots, id: string) {
  try {
    return readState(containerPaths(roots, id).run);
  } catch {
    return undefined;
  }
}

/** How it would have ended; by which code nobody knows. */
const KILLED = { code: 137, signal: 9, why: 'signal' } as const;

/** All that a lifeline does when its container's program has ended. */
export function endOf(roots: Roots, id: string, stage: Pick<Stage, 'world' | 'tell'>): void {
  const { world, tell } = stage;
  const { run, exit } = containerPaths(roots, id);
  const record = recordOf(roots, id);
  if (record === undefined || !world.has(run)) return;
  const deed = (syscall: string, why: string): void => tell({ by: 'monitor', syscall, why });
  const isMonitored = stateOf(roots, id)?.lifeline === 'monitor';
  if (isMonitored) deed(replaceFile(join(run, EXIT_FILE)), 'how it ended');
  takeBack(run, stage);
  const isKept = record.config.autoRemove !== true;
  if (isKept && isMonitored) {
    deed(replaceFile(exit), 'the same, as long as the container is kept');
    const now = rfc3339();
    world.make(exit, content(Buffer.from(JSON.stringify({ ...KILLED, started: now, finished: now }))));
  }
  if (!isKept) {
    const removal = removalOf(roots, record);
    for (const step of stepsOf(removal, 'monitor')) tell(step);
    applySteps(world, removal);
  }
  deed(appendToFile(eventsPath(roots)), 'its end, for who follows the events');
  deed(removeTree(run), 'nothing of it runs any more');
  world.remove(run);
}

/** The undo lists of its plans, last first. */
function takeBack(run: string, { world, tell }: Pick<Stage, 'world' | 'tell'>): void {
  const entries = namesIn(run).filter((name) => name.startsWith('journal.'));
  for (const name of entries.sort().reverse()) {
    const undo = planFrom(readFileSync(join(run, name)));
    for (const step of stepsOf(undo, 'monitor')) tell(step);
    applySteps(world, undo);
    tell({ by: 'monitor', syscall: `unlink(${quote(join(run, name))})`, why: 'taken back' });
  }
}

function recordOf(roots: Roots, id: string): ContainerRecord | undefined {
  try {
    return readRecord(roots, id);
  } catch {
    return undefined;
  }
}
