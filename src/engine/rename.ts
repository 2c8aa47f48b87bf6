import { TinyrunError } from '../errors.ts';
import type { Roots } from '../store/paths.ts';
import { changeRecord } from './change.ts';
import { takeGivenName } from './create.ts';
import { keepTold, tell } from './events/tell.ts';
import { findContainer } from './manage.ts';
import { Names } from './names.ts';
import type { ContainerView } from './record.ts';
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
  // left by one that was killed
  const isOurs = names.holder(wanted) === id;
  if (!isOurs) takeGivenName(roots, id, wanted);
  let old = name;
  try {
    await changeRecord(roots, id, (record) => {
      old = record.name;
      const renamed = { ...record, name: wanted };
      keepTold(roots, renamed);
      return renamed;
    });
  } catch (error) {
    if (!isOurs) names.release(wanted, id);
    throw error;
  }
  const told = () => tell(roots, { ...view.record, name: wanted }, 'rename', { oldName: `/${old}` });
  // only who removes it may have been faster, and knows nothing of the new one
  if (removesByName(view) || old === wanted || names.release(old, id)) return told();
  names.release(wanted, id);
  throw new TinyrunError('CONTAINER_NOT_FOUND', `no such container: ${text}`);
}

/**
 * Its monitor removes it by the name that it had when it was started, and must not find another's there: it keeps that, too,
 * until then.
 */
const removesByName = (view: ContainerView): boolean =>
  isRunning(view) && view.state?.lifeline === 'monitor' && view.record.config.autoRemove === true;
