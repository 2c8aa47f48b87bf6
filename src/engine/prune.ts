import { isTinyrunError } from '../errors.ts';
import { hasLabel, parseFilters, parseUntil } from '../image/filter.ts';
import type { Roots } from '../store/paths.ts';
import { tellPrune } from './events/tell.ts';
import { listContainers, removeContainer } from './manage.ts';
import type { ContainerView } from './record.ts';
import { writtenBy } from './usage.ts';

export interface Pruned {
  /** Ids of those that were removed. */
  readonly deleted: readonly string[];
  /** Bytes that each of them had written, and all of them. */
  readonly sizes: readonly number[];
  readonly reclaimed: number;
  /** Why others could not be. */
  readonly failed: readonly Error[];
}

const STOPPED: readonly string[] = ['created', 'exited', 'dead'];

/**
 * Removes the containers that do not run.
 * @param filters `until=24h`, `label=KEY[=VALUE]`, `label!=…`; all of them have to hold
 * @throws TinyrunError for a filter that cannot be
 */
export async function pruneContainers(roots: Roots, filters: readonly string[] = []): Promise<Pruned> {
  const isWanted = wantedBy(filters);
  const failed: Error[] = [];
  const going = listContainers(roots, (error) => failed.push(error)).filter(
    (view) => STOPPED.includes(view.status) && isWanted(view),
  );
  const deleted: string[] = [];
  const sizes: number[] = [];
  for (const view of going) {
    const { id } = view.record;
    const size = writtenBy(roots, view);
    try {
      await removeContainer(roots, id, false);
      deleted.push(id);
      sizes.push(size);
    } catch (error) {
      if (!isBusy(error)) failed.push(error as Error);
    }
  }
  const reclaimed = sizes.reduce((sum, size) => sum + size, 0);
  tellPrune(roots, 'container', reclaimed);
  return { deleted, sizes, reclaimed, failed };
}

/** Another has removed it, or started it. */
const isBusy = (error: unknown): boolean => isTinyrunError(error, 'CONTAINER_NOT_FOUND', 'CONTAINER_RUNNING');

function wantedBy(given: readonly string[]): (view: ContainerView) => boolean {
  const filters = parseFilters(given, ['until', 'label', 'label!']);
  const labels = filters.get('label') ?? [];
  const others = filters.get('label!') ?? [];
  const now = Date.now();
  const until = (filters.get('until') ?? []).map((text) => parseUntil(text, now));
  return ({ record }) =>
    labels.every((label) => hasLabel(record.labels, label)) &&
    !others.some((label) => hasLabel(record.labels, label)) &&
    until.every((time) => Date.parse(record.created) < time);
}
