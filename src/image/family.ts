import { readImageConfig } from './config.ts';
import type { ImageStore } from './store.ts';

type Documents = Pick<ImageStore, 'list' | 'find' | 'readJson'>;

/** Ids of the image a text names and of those that were made from it: their layers and history begin as its do. */
export function familyOf(store: Documents, text: string): ReadonlySet<string> {
  const entries = store.list();
  const ancestor = store.find(text, entries);
  if (!ancestor) return new Set();
  const base = steps(store, ancestor.id);
  const isDescendant = (id: string, diffIds: readonly string[]): boolean =>
    startsWith(diffIds, ancestor.diffIds) && startsWith(steps(store, id), base);
  const descendants = entries.filter(({ id, diffIds }) => isDescendant(id, diffIds)).map(({ id }) => id);
  return new Set([ancestor.id, ...descendants]);
}

const startsWith = (all: readonly string[], first: readonly string[]): boolean =>
  first.length <= all.length && first.every((each, i) => each === all[i]);

function steps(store: Documents, id: string): string[] {
  const { history = [] } = readImageConfig(store.readJson(id), `config ${id}`);
  return history.map((entry) => JSON.stringify(entry));
}
