import { TinyrunError } from '../errors.ts';
import type { Roots } from '../store/paths.ts';
import { changeRecord } from './change.ts';
import { takeGivenName } from './create.ts';
import { keepTold, tell } from './events/tell.ts';
import { findContainer } from './manage.ts';
import { Names } from './names.ts';
import { renameIn } from './networks/names-live.ts';
import { type ContainerView, writeRecord } from './record.ts';
import { isRunning } from './status.ts';

/**
 * Gives a container another name. It has both for a moment, and where that ends it: either finds it, and it is removed with
 * both.
 * @throws TinyrunError CONTAINER_NOT_FOUND, NAME_IN_USE; ConfigError of `name`
 */
export async function renameContainer(roots: Roots, text: string, given: string): Promise<void> {
  const view = findContainer(roots, text);
  const { id, name } = view.record;
  // the API writes a slash before names, and takes it
  const wanted = given.replace(/^\//, '');
  if (wanted === name)
    throw new TinyrunError('USAGE', 'renaming a container with the same name as its current name', {
      hint: 'give it another one',
    });
  const names = new Names(roots.dataRoot);
  // it may be left by one that was killed, or be given by another, too
  if (names.holder(wanted) !== id) takeGivenName(roots, id, wanted);
  let [old, isGone] = [name, false];
  try {
    await changeRecord(roots, id, (record) => {
      old = record.name;
      const renamed = { ...record, name: wanted };
      // who renames it at the same time may have let go of it meanwhile
      if (names.holder(wanted) !== id) names.take(wanted, id);
      keepTold(roots, renamed);
      // more than the resolver keeps is refused: the record has not changed then
      renameIn(roots, renamed);
      writeRecord(roots, renamed);
      // only who removes it may have been faster, and knows nothing of the new one
      isGone = !removesByName(view) && old !== wanted && !names.release(old, id);
      return undefined;
    });
  } catch (error) {
    if (old !== wanted) names.release(wanted, id);
    throw error;
  }
  if (!isGone) return tell(roots, { ...view.record, name: wanted }, 'rename', { oldName: `/${old}` });
  names.release(wanted, id);
  throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`);
}

/**
 * Its monitor removes it by the name that it had when it was started, and must not find another's there: it keeps that, too,
 * until then.
 */
const removesByName = (view: ContainerView): boolean =>
  isRunning(view) && view.state?.lifeline === 'monitor' && view.record.config.autoRemove === true;
