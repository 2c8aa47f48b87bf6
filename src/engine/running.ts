import { TinyrunError } from '../errors.ts';
import type { Container } from '../runtime/state.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import type { ContainerRecord } from './record.ts';
import { isRunning } from './status.ts';

/** One whose first process is there. */
export interface RunningContainer extends Container {
  readonly record: ContainerRecord;
  readonly paused: boolean;
}

/** @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING in Docker's words */
export function findRunning(roots: Roots, text: string): RunningContainer {
  const view = findContainer(roots, text);
  const { record, state, status } = view;
  if (!state || !isRunning(view))
    throw new TinyrunError('CONTAINER_NOT_RUNNING', `container ${text} is not running`);
  return { record, state, dir: containerPaths(roots, record.id).run, paused: status === 'paused' };
}
