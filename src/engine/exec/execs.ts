import { execIds, sweepExecs } from '../../runtime/execs.ts';
import type { Roots } from '../../store/paths.ts';
import { tell } from '../events/tell.ts';
import { containerPaths } from '../layout.ts';
import type { ContainerRecord } from '../record.ts';

/** Takes back what killed monitors and commands left of further programs, and tells the ends that nobody saw. */
export function takeBackExecs(roots: Roots, record: ContainerRecord): void {
  sweepExecs(containerPaths(roots, record.id).run, (execID, signal) =>
    tell(roots, record, 'exec_die', { execID, ...(signal && { exitCode: String(128 + signal) }) }),
  );
}

/** Ids of the further programs that run in it. */
export function execsOf(roots: Roots, record: ContainerRecord): readonly string[] {
  takeBackExecs(roots, record);
  return execIds(containerPaths(roots, record.id).run);
}
