import type { HistoryEntry } from '../image/types.ts';
import { humanDuration, humanSize } from './units.ts';

/** Column heads of `history`. */
export const HISTORY_HEADERS = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
};

/** How an image was made: a step, and the bytes of its layer. */
export interface HistoryStep {
  readonly entry: HistoryEntry;
  readonly size: number;
}

/** Newest first; `sizes` are those of its layers. Layers that history does not name come as steps of their own. */
export function historySteps(history: readonly HistoryEntry[] = [], sizes: readonly number[]): HistoryStep[] {
  const left = [...sizes];
  const named = history.filter((entry) => !entry.empty_layer).length;
  const unnamed = left.slice(named).map(() => ({}) as HistoryEntry);
  const all = [...history, ...unnamed].map((entry) => ({
    entry,
    size: entry.empty_layer ? 0 : (left.shift() ?? 0),
  }));
  return all.reverse();
}

/** Docker's members of a step; `id` is the image's for the newest, whose others are missing. */
export function historyRow(
  { entry, size }: HistoryStep,
  id: string,
  { truncate, human }: { truncate: boolean; human: boolean },
) {
  const time = Date.parse(entry.created ?? '');
  const by = (entry.created_by ?? '').replaceAll('\t', ' ');
  return {
    Comment: entry.comment ?? '',
    CreatedAt: time > 0 ? `${new Date(time).toISOString().slice(0, 19)}Z` : 'N/A',
    CreatedBy: truncate && by.length > 45 ? `${by.slice(0, 44)}…` : by,
    CreatedSince: time > 0 ? `${humanDuration(Date.now() - time)} ago` : 'N/A',
    ID: truncate && id.startsWith('sha256:') ? id.slice(7, 19) : id,
    Size: human ? humanSize(size) : String(size),
  };
}
