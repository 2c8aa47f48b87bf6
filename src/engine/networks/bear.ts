import { mkdirSync } from 'node:fs';
import { AT_FDCWD, native } from '../../native/index.ts';
import type { Birth, Life } from '../../runtime/life.ts';
import type { Blueprint } from '../blueprint.ts';
import type { ContainerPaths } from '../layout.ts';
import { bearSeeded } from '../volumes/seeded.ts';

/**
 * Bears a container in networks. The usual path looks at nothing first: where a step of theirs finds that somebody has taken
 * away what it needs (a bridge, our table), that is made again, and the container is born once more.
 */
export async function bearAttached(
  blueprint: Blueprint,
  birth: () => Birth,
  paths: Pick<ContainerPaths, 'work'>,
): Promise<Life> {
  const { networks } = blueprint;
  try {
    return await bearAgain(blueprint, birth, paths);
  } finally {
    networks?.settle();
  }
}

async function bearAgain(
  blueprint: Blueprint,
  birth: () => Birth,
  { work }: Pick<ContainerPaths, 'work'>,
): Promise<Life> {
  const { networks } = blueprint;
  const first = birth();
  try {
    return await bearSeeded(blueprint, first);
  } catch (error) {
    const worded = (await networks?.worded(error, first.plan)) ?? error;
    if (!networks || (worded === error && !networks.isMendable(error, first.plan))) throw error;
    first.dir?.journal.undoAll();
    if (worded !== error) {
      // elements of a port that was another's were taken back as if they had been its own
      await networks.restore();
      throw worded;
    }
    emptied(work);
    await networks.mend(error);
  }
  const second = birth();
  try {
    return await bearSeeded(blueprint, second);
  } catch (error) {
    throw await networks.worded(error, second.plan);
  }
}

/** A volatile overlay marks it, and is mounted over it once only. */
function emptied(work: string): void {
  native().removeTree(AT_FDCWD, work);
  mkdirSync(work, { mode: 0o700 });
}
