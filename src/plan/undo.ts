import type { Plan, Step, Undo, UndoOp } from './types.ts';

/**
 * What each undo is told when there is nothing to take back: it ran before, or its step never did. Anything else it is
 * told means that something is left. (Most operations answer success then; in between others may take things away, too.)
 */
export const GONE: Readonly<Record<UndoOp, readonly string[]>> = {
  cgroupKill: ['ENOENT', 'ENODEV'],
  cgroupRemove: ['ENOENT', 'ENODEV'],
  umount: ['ENOENT', 'EINVAL'],
  unlink: ['ENOENT'],
  rmdir: ['ENOENT'],
  removeTree: ['ENOENT'],
  // the device, the element of a set, the address, the route
  netlink: ['ENODEV', 'ENOENT', 'EADDRNOTAVAIL', 'ESRCH'],
  // a kernel that tells nobody what it remembers
  forgetFlows: ['ENOENT', 'EINVAL', 'EPROTONOSUPPORT'],
};

/** Whether a step may stand in an undo list. */
export function isUndo({ op, lane }: Pick<Step, 'op' | 'lane'>): boolean {
  return lane === 'host' && Object.hasOwn(GONE, op);
}

/** What takes back the step of that number, from 1: last first. Each may fail, so that the rest still run. */
export function undoOf(undo: readonly Undo[] | undefined, number: number): Step[] {
  if (undo === undefined) return [];
  const why = `takes back step ${number}`;
  return undo.map((each) => ({ ...each, lane: 'host', mayFail: true, why }) as Step).reverse();
}

/** What takes a plan back: the undo of each step, last first. */
export function undoSteps({ steps }: Plan): Step[] {
  const lists = steps.map(({ undo }, index) => undoOf(undo, index + 1));
  return lists.reverse().flat();
}
