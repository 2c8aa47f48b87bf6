import type { ImageStore } from './store.ts';
import type { ImageConfig } from './types.ts';

type Documents = Pick<ImageStore, 'list' | 'find' | 'readJson'>;

/** Ids of the image a text names and of those that were made from it: their layers and history begin as its do. */
export function familyOf(store: Documents, text: string): ReadonlySet<string> {
  const entries = store.list();
  const ancestor = store.find(text, entries);
  if (!ancestor) return new Set();
  const base = store.readJson(ancestor.id) as ImageConfig;
  const isDescendant = (id: string, diffIds: readonly string[]): boolean =>
    startsWith(diffIds, ancestor.diffIds) &&
    startsWith(steps(store.readJson(id) as ImageConfig), steps(base));
  const descendants = entries.filter(({ id, diffIds }) => isDescendant(id, diffIds)).map(({ id }) => id);
  return new Set([ancestor.id, ...descendants]);
}

const startsWith = (all: readonly string[], first: readonly string[]): boolean =>
  first.length <= all.length && first.every((each, i) => each === all[i]);

const steps = ({ history }: ImageConfig): string[] => (history ?? []).map((entry) => JSON.stringify(entry));
