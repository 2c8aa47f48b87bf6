import type { MonitorsChild, Relay } from '../runtime/monitor/parent.ts';
import { eventsPath, lineOf } from '../store/events.ts';
import type { Roots } from '../store/paths.ts';
import { afterwardsOf } from './again.ts';
import type { Blueprint } from './blueprint.ts';
import type { Created } from './create.ts';
import { monitorsParts, ofVolumes } from './events/tell.ts';
import { removalOf } from './removal.ts';
import { ownerOf } from './streams.ts';

/** What its monitor is to know of a container; without a relay nobody of ours types and reads. */
export function monitorsChild(
  roots: Roots,
  blueprint: Blueprint,
  { record, dir, paths }: Created,
  relay?: Relay,
  detachKeys?: readonly number[],
): MonitorsChild {
  const { openStdin, autoRemove } = record.config;
  const owner = ownerOf(blueprint);
  const { health } = blueprint;
  return {
    dir,
    data: paths.data,
    relay,
    ...(detachKeys && { detachKeys }),
    ...(autoRemove ? { remove: removalOf(roots, record) } : {}),
    ...(owner === undefined ? {} : { owner }),
    // the end of a pipe is the end of what is typed (Docker's StdinOnce); a terminal is left and come back to
    stays: openStdin === true && !relay?.input,
    log: blueprint.log,
    ...(autoRemove ? {} : { afterwards: afterwardsOf(roots, record, dir.lock.fd) }),
    ...(health && { health }),
    events: { file: eventsPath(roots), parts: monitorsParts(record), after: gone(record).map(lineOf) },
  };
}

/** What its end is for its volumes, and its removal for those that were its alone. */
const gone = (record: Created['record']) => [
  ...ofVolumes(record, 'unmount'),
  ...(record.config.autoRemove ? ofVolumes(record, 'destroy', ({ anonymous }) => anonymous === true) : []),
];
