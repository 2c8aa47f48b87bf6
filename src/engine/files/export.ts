import { TinyrunError } from '../../errors.ts';
import type { Roots } from '../../store/paths.ts';
import { tell } from '../events/tell.ts';
import { containerPaths } from '../layout.ts';
import { findContainer } from '../manage.ts';
import { isRunning } from '../status.ts';

/**
 * The directories that a container's file system is made of, uppermost first. A running container changes while it is
 * read, and its upper directory is mounted already: it must have ended.
 */
export function layersOf(roots: Roots, name: string): readonly string[] {
  const { record, status } = findContainer(roots, name);
  if (isRunning({ status }))
    throw new TinyrunError('CONTAINER_RUNNING', `container ${name} is ${status}: it cannot be exported`);
  tell(roots, record, 'export');
  return [containerPaths(roots, record.id).upper, ...record.image.layers];
}
