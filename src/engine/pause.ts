import { TinyrunError } from '../errors.ts';
import { setFrozen } from '../runtime/freeze.ts';
import { type Container, isAlive } from '../runtime/state.ts';
import type { Roots } from '../store/paths.ts';
import { tell } from './events/tell.ts';
import { containerPaths } from './layout.ts';
import { findContainer } from './manage.ts';
import { isRunning } from './status.ts';

/** Stops every process of a container where it is. @throws TinyrunError CONTAINER_NOT_RUNNING, CONTAINER_PAUSED */
export function pauseContainer(roots: Roots, text: string): void {
  const { state, dir, status, record } = runningOne(roots, text, notRunning);
  if (status === 'paused') throw new TinyrunError('CONTAINER_PAUSED', `container ${text} is already paused`);
  if (!setFrozenIfThere({ dir, state }, true)) throw notRunning(text);
  tell(roots, record, 'pause');
}

/** Lets them go on. @throws TinyrunError CONTAINER_NOT_PAUSED */
export function unpauseContainer(roots: Roots, text: string): void {
  const { state, dir, status, record } = runningOne(roots, text, notPaused);
  if (status !== 'paused') throw notPaused(text);
  if (!setFrozenIfThere({ dir, state }, false)) throw notPaused(text);
  tell(roots, record, 'unpause');
}

const notRunning = (text: string) =>
  new TinyrunError('CONTAINER_NOT_RUNNING', `container ${text} is not running`);
const notPaused = (text: string) =>
  new TinyrunError('CONTAINER_NOT_PAUSED', `container ${text} is not paused`);

function runningOne(roots: Roots, text: string, refusal: (text: string) => TinyrunError) {
  const view = findContainer(roots, text);
  const { state, status, record } = view;
  if (!state || !isRunning(view)) throw refusal(text);
  return { state, status, record, dir: containerPaths(roots, record.id).run };
}

/** Freezes what lives, or lets it go on; answers false where it has ended meanwhile. @throws TinyrunError */
export function setFrozenIfThere(container: Container, frozen: boolean): boolean {
  try {
    setFrozen(container, frozen);
  } catch (error) {
    if (isAlive(container.state)) throw error;
    return false;
  }
  return true;
}
