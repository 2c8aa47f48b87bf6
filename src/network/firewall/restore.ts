import { type Element, elementBatch, identityOf } from '../../plan/netlink/sets.ts';
import type { Plan, Step } from '../../plan/types.ts';
import { launchSync } from '../../runtime/launch.ts';
import { lockDirectory } from '../../store/lock.ts';
import { isAstray } from './astray.ts';
import { BASE, VERSION } from './base.ts';
import { elementsIn, findNft, listed } from './nft.ts';

// The table as it should be, whatever became of it: `nft flush ruleset`, another tinyrun before this one, a sweep that took back
// twice what by then was somebody else's. Nobody watches it; whose element finds no table restores it and tries once more:
//
//   await withTable(() => start(container), () => restore(directory, elementsOfTheLiving));

const load = (args: { path: string; input: Uint8Array }): Step => ({
  op: 'exec',
  lane: 'host',
  args: {
    ...args,
    args: ['nft', '-f', '-'],
    env: [],
    pidArg: 0xffffffff,
    timeoutMs: 60_000,
  },
  why: 'the table of all networks, whose rules never change',
});

/** Loads the table, without elements. */
export function basePlan(nft: string): Plan {
  return { steps: [load({ path: nft, input: Buffer.from(BASE, 'utf8') })] };
}

/** What separates the elements that are there from those that should be; undefined: nothing. */
export function mending(there: readonly Element[], wanted: readonly Element[]): Step | undefined {
  const has = new Map(there.map((each) => [identityOf(each), each]));
  const want = new Map(wanted.map((each) => [identityOf(each), each]));
  const remove = [...has].filter(([identity]) => !want.has(identity)).map(([, each]) => each);
  const add = [...want].filter(([identity]) => !has.has(identity)).map(([, each]) => each);
  if (remove.length + add.length === 0) return undefined;
  return {
    op: 'netlink',
    lane: 'host',
    args: elementBatch({ remove, add }),
    why: `the table knows what runs: ${add.length} more, ${remove.length} less`,
  };
}

/**
 * Loads the table where it is missing or of another version, then gives it the elements that it lacks and takes away those that
 * nobody owns. `directory` is that of the run root whose lock lets one do this at a time; under it `elements` says what should be
 * there: of every network that is up, and of every container with a journal, so that one that is just starting is not undone.
 * @throws TinyrunError UNSUPPORTED where nft is not installed; SYSCALL with what it, or the kernel, said
 */
export async function restore(
  directory: string,
  elements: () => readonly Element[] | Promise<readonly Element[]>,
): Promise<void> {
  const nft = findNft();
  const lock = await lockDirectory(directory);
  try {
    if (listed(nft, 'chain', VERSION) === undefined) launchSync({ plan: basePlan(nft) });
    const step = mending(elementsIn(listed(nft, 'table')), await elements());
    if (step !== undefined) launchSync({ plan: { steps: [step] } });
  } finally {
    lock.release();
  }
}

/** Before the first network of a boot comes up: nothing is restored where the table is as it should be. */
export async function ensureBase(
  directory: string,
  elements: () => readonly Element[] | Promise<readonly Element[]>,
): Promise<void> {
  if (listed(findNft(), 'chain', VERSION) === undefined) await restore(directory, elements);
}

/** Runs what puts elements into the table; where the table is not as it thinks, once more after `mend`. */
export async function withTable<T>(attempt: () => Promise<T>, mend: () => Promise<void>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isAstray(error)) throw error;
    await mend();
    return attempt();
  }
}
