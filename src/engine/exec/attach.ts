import { execPath } from '../../runtime/execs.ts';
import { type Attached, attachTo, type OnOutput } from '../../runtime/monitor/attach.ts';
import type { Roots } from '../../store/paths.ts';
import { containerPaths } from '../layout.ts';
import { findContainer } from '../manage.ts';

const ID = /^[0-9a-f]{64}$/;

/**
 * Joins a further program of a container that has a monitor, from now on; undefined: it has ended, or has none.
 * @throws TinyrunError CONTAINER_NOT_FOUND
 */
export async function attachExec(
  roots: Roots,
  container: string,
  id: string,
  onOutput?: OnOutput,
): Promise<Attached | undefined> {
  const { record } = findContainer(roots, container);
  if (!ID.test(id)) return undefined;
  return await attachTo(execPath(containerPaths(roots, record.id).run, id), onOutput);
}
