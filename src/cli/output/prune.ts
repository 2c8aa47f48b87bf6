import type { PrunedNetworks } from '../../engine/networks/networks.ts';
import type { Pruned } from '../../engine/prune.ts';
import type { PrunedImages } from '../../engine/prune-images.ts';
import { visible } from '../../store/text.ts';
import { humanSize } from '../../views/units.ts';
import type { Context } from '../command.ts';
import { formatFailure, toFailure } from '../fail.ts';
import { confirm } from './ask.ts';

/** What a command removed of one kind, as Docker lists it. */
export interface Pruning {
  readonly heading: string;
  readonly lines: readonly string[];
  /** Of each line, where that is known. */
  readonly sizes?: readonly number[];
  /** Missing where what goes has no size. */
  readonly reclaimed?: number;
  readonly failed: readonly Error[];
}

/** Whether to go on: it was said beforehand, or now. */
export const isSure = async (
  force: boolean | undefined,
  warning: string,
  context: Context,
): Promise<boolean> =>
  force ||
  context.looking?.isRehearsal ||
  (await confirm(`${warning}\nAre you sure you want to continue? [y/N] `, context));

/** What was removed by kind, then all that it came to; what could not be is told and makes the exit code 1. */
export function printPruned(prunings: readonly Pruning[], context: Context): void {
  const sized = prunings.flatMap((pruning) => pruning.reclaimed ?? []);
  const reclaimed = sized.length > 0 ? sized.reduce((sum, size) => sum + size, 0) : undefined;
  if (context.looking?.isRehearsal) context.looking.say(wouldGo(prunings, reclaimed));
  for (const { heading, lines } of prunings)
    if (lines.length > 0) context.out(`${heading}:\n${lines.map((line) => `${line}\n`).join('')}\n`);
  if (reclaimed !== undefined) context.out(`Total reclaimed space: ${humanSize(reclaimed, 4)}\n`);
  const failed = prunings.flatMap((pruning) => pruning.failed);
  for (const error of failed) context.err(formatFailure(toFailure(error), context.command));
  if (failed.length > 0) context.exitCode = 1;
}

/** The same before it is done, and how large each is. */
function wouldGo(prunings: readonly Pruning[], reclaimed: number | undefined): string {
  const groups = prunings.map(({ heading, lines, sizes = [] }) => {
    const sized = lines.map(
      (line, at) => `${visible(line)}${sizes[at] === undefined ? '' : `  ${humanSize(sizes[at])}`}\n`,
    );
    return lines.length === 0
      ? ''
      : `${heading.replace(/^Deleted (.*)/, '$1 to be deleted:')}\n${sized.join('')}\n`;
  });
  const total = reclaimed === undefined ? '' : `Total reclaimable space: ${humanSize(reclaimed, 4)}\n\n`;
  return `${groups.join('')}${total}`;
}

export const containersPruned = ({ deleted, ...rest }: Pruned): Pruning => ({
  heading: 'Deleted Containers',
  lines: deleted,
  ...rest,
});

export const volumesPruned = ({ deleted, ...rest }: Pruned): Pruning => ({
  heading: 'Deleted Volumes',
  lines: deleted,
  ...rest,
});

/** Docker counts no space for them. */
export const networksPruned = ({ deleted, failed }: PrunedNetworks): Pruning => ({
  heading: 'Deleted Networks',
  lines: deleted,
  failed,
});

export const imagesPruned = ({ untagged, deleted, ...rest }: PrunedImages): Pruning => ({
  heading: 'Deleted Images',
  lines: [...untagged.map((name) => `untagged: ${name}`), ...deleted.map((id) => `deleted: ${id}`)],
  ...rest,
});
