import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseFlat, readGone } from '../runtime/cgroup.ts';
import { liveCgroups, membersOf } from '../runtime/whereabouts.ts';
import type { Roots } from '../store/paths.ts';
import { memoryOf } from './info.ts';
import { containerPaths } from './layout.ts';
import { findContainer, findIfThere, listContainers } from './manage.ts';
import type { ContainerView } from './record.ts';
import {
  blockBytes,
  memoryInUse,
  networkBytes,
  type Sample,
  systemTime,
  type Usage,
  usageBetween,
} from './stats-numbers.ts';
import { isRunning } from './status.ts';

/** What a container uses; nothing of one that does not run. */
export interface ContainerStats {
  /** What it was asked for by; its id where nobody did. */
  readonly asked: string;
  readonly id: string;
  readonly name: string;
  readonly usage: Usage | undefined;
}

export interface StatsOptions {
  /** Those that do not run, too, where none is named. */
  readonly all?: boolean;
  /** Milliseconds from one answer to the next; 1000 without. */
  readonly everyMs?: number;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

/** What passes before the first answer. */
const FIRST_MS = 250;

/**
 * What containers use, again and again: those that are named as long as one is there, or whichever run.
 * @throws TinyrunError CONTAINER_NOT_FOUND for a name that nothing has from the start
 */
export async function* statsOf(
  roots: Roots,
  names: readonly string[],
  { all = false, everyMs = 1000, signal }: StatsOptions,
): AsyncGenerator<readonly ContainerStats[]> {
  for (const name of names) findContainer(roots, name);
  let samples = new Map<string, Sample>();
  for (let wait = FIRST_MS; ; wait = everyMs) {
    const before = new Map([...look(roots, wanted(roots, names, all)), ...samples]);
    await pause(wait, undefined, { signal }).catch(unlessAborted);
    if (signal?.aborted) return;
    const views = wanted(roots, names, all);
    if (names.length > 0 && views.length === 0) return;
    samples = look(roots, views);
    yield views.map(({ asked, view: { record } }) => {
      const [one, two] = [before.get(record.id), samples.get(record.id)];
      const usage = two && usageBetween(one ?? two, two, availableParallelism());
      return { asked, id: record.id, name: record.name, usage };
    });
  }
}

function unlessAborted(error: Error): void {
  if (error.name !== 'AbortError') throw error;
}

interface Wanted {
  readonly asked: string;
  readonly view: ContainerView;
}

function wanted(roots: Roots, names: readonly string[], all: boolean): Wanted[] {
  if (names.length > 0)
    return names.flatMap((asked) => {
      const view = findIfThere(roots, asked);
      return view ? [{ asked, view }] : [];
    });
  const views = listContainers(roots, () => {});
  return views.filter((view) => all || isRunning(view)).map((view) => ({ asked: view.record.id, view }));
}

function look(roots: Roots, views: readonly Wanted[]): Map<string, Sample> {
  const system = systemTime(readFileSync('/proc/stat', 'latin1'));
  const machine = memoryOf(readFileSync('/proc/meminfo', 'latin1'));
  return new Map(
    views.flatMap(({ view }) => {
      const sample = sampleOf(roots, view, { system, machine });
      return sample ? [[view.record.id, sample] as const] : [];
    }),
  );
}

/** Files of controllers that are not there are empty, and so is all of a container that ends meanwhile. */
function sampleOf(
  roots: Roots,
  view: ContainerView,
  { system, machine }: { system: number; machine: number },
): Sample | undefined {
  const { state, record } = view;
  if (!state || !isRunning(view)) return undefined;
  const container = { dir: containerPaths(roots, record.id).run, state };
  const [cgroup] = liveCgroups(container);
  const read = (file: string): string => (cgroup === undefined ? '' : readGone(`${cgroup}/${file}`));
  const [current, max, pids] = ['memory.current', 'memory.max', 'pids.current'].map((file) =>
    read(file).trim(),
  );
  const limit = Number(max);
  return {
    cpu: (parseFlat(read('cpu.stat')).usage_usec ?? 0) * 1000,
    system,
    memory: current ? memoryInUse(Number(current), parseFlat(read('memory.stat'))) : undefined,
    limit: max && limit < machine ? limit : machine,
    // the host's own is nobody's use
    network: networkBytes(record.config.network === 'host' ? '' : readGone(`/proc/${state.pid}/net/dev`)),
    block: blockBytes(read('io.stat')),
    pids: pids ? Number(pids) : membersOf(container).length,
  };
}
