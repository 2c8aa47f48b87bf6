import { TinyrunError } from '../errors.ts';
import type { Container } from '../runtime/state.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import type { ContainerRecord } from './record.ts';
import { type ContainerStatus, isRunning } from './status.ts';

/** One whose first process is there. */
export interface RunningContainer extends Container {
  readonly record: ContainerRecord;
  readonly paused: boolean;
}

/** Docker's words, which scripts read. */
export const notRunning = (text: string, status: ContainerStatus): TinyrunError =>
  new TinyrunError(
    'CONTAINER_NOT_RUNNING',
    status === 'restarting'
      ? `container ${text} is restarting, wait until the container is running`
      : `container ${text} is not running`,
  );

/** @throws TinyrunError CONTAINER_NOT_FOUND, CONTAINER_NOT_RUNNING in Docker's words */
export function findRunning(roots: Roots, text: string): RunningContainer {
  const view = findContainer(roots, text);
  const { record, state, status } = view;
  if (!state || !isRunning(view)) throw notRunning(text, status);
  return { record, state, dir: containerPaths(roots, record.id).run, paused: status === 'paused' };
}
