import type { Roots } from '../../store/paths.ts';
import type { Deed } from './deed.ts';
import { rehearsal } from './rehearsal.ts';
import { during } from './session.ts';
import { witness } from './witness.ts';

/** What would have been done, and what was answered, as if it had been. */
export interface Rehearsed<T> {
  readonly deeds: readonly Deed[];
  readonly result: T;
}

/** @throws what `act` throws: what would be refused */
export async function rehearse<T>(roots: Roots, act: () => T | Promise<T>): Promise<Rehearsed<T>> {
  const deeds: Deed[] = [];
  const session = rehearsal(roots, (deed) => deeds.push(deed));
  const result = await during(session, async () => await act());
  session.end();
  return { deeds, result };
}

/** Does it, and tells each deed once it is done. @throws what `act` throws */
export async function aloud<T>(
  roots: Roots,
  act: () => T | Promise<T>,
  onDeed: (deed: Deed) => void,
): Promise<T> {
  const session = witness(roots, onDeed);
  try {
    return await during(session, async () => await act());
  } finally {
    session.end();
  }
}
