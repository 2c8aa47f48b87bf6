import { writeFileAtomic } from '../../store/atomic.ts';
import type { ContainerAction, EventType, Happening } from '../../store/event-types.ts';
import { attributesPart, partsOf, tellEvents } from '../../store/events.ts';
import type { Roots } from '../../store/paths.ts';
import { containerPaths } from '../layout.ts';
import type { MountPoint } from '../record.ts';
import { noteSent, type Sent } from '../sent.ts';

/** What of a container's record is told with what happens to it. */
export interface Told {
  readonly id: string;
  readonly name: string;
  readonly config: { readonly image: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly MountPoint[];
}

/** As Docker has them: labels stand among the others. */
export const attributesOf = ({ labels, config, name }: Told): Record<string, string> => ({
  ...labels,
  image: config.image,
  name,
});

export function happened(
  record: Told,
  action: ContainerAction,
  more: Readonly<Record<string, string>> = {},
): Happening {
  const { id, config } = record;
  return {
    type: 'container',
    action,
    id,
    from: config.image,
    attributes: { ...attributesOf(record), ...more },
  };
}

/** What has just happened to a container. */
export const tell = (
  roots: Roots,
  record: Told,
  action: ContainerAction,
  more: Readonly<Record<string, string>> = {},
): void => tellEvents(roots, [happened(record, action, more)]);

/** Its program has ended, after so many milliseconds. */
export const deathOf = (
  record: Told,
  { code, why }: { readonly code: number; readonly why?: string },
  ms?: number,
): Happening[] => [
  ...(why === 'memory' ? [happened(record, 'oom')] : []),
  happened(record, 'die', {
    ...(ms === undefined ? {} : { execDuration: String(Math.floor(ms / 1000)) }),
    exitCode: String(code),
  }),
];

/** What happened to volumes with what happened to the container that has them. */
export function ofVolumes(
  { id, mounts }: Told,
  action: 'mount' | 'unmount' | 'destroy',
  which: (volume: NonNullable<MountPoint['volume']>) => boolean = () => true,
): Happening[] {
  return mounts.flatMap(({ volume, destination, options = [] }): Happening[] => {
    if (volume === undefined || !which(volume)) return [];
    const where = action === 'destroy' ? {} : { container: id };
    const isWritable = String(!options.includes('ro'));
    const how = action === 'mount' ? { destination, propagation: '', 'read/write': isWritable } : {};
    return [{ type: 'volume', action, id: volume.name, attributes: { driver: 'local', ...where, ...how } }];
  });
}

/** What is told of it is another from now on: its monitor was told of what it was. */
export const keepTold = (roots: Roots, record: Told): void =>
  writeFileAtomic(containerPaths(roots, record.id).event, attributesPart(attributesOf(record)));

/** For its monitor: the parts of a line. */
export const monitorsParts = (record: Told): [string, string, string] =>
  partsOf({ id: record.id, from: record.config.image, attributes: attributesOf(record) });

/** A signal is going to be sent to it. */
export function tellKill(roots: Roots, record: Told, sent: Pick<Sent, 'by' | 'signal' | 'graceMs'>): void {
  noteSent(roots, record.id, sent);
  tell(roots, record, 'kill', { signal: String(sent.signal) });
}

/** It was removed, and with it `volumes`. */
export const tellGone = (roots: Roots, record: Told, volumes: readonly string[] = []): void =>
  tellEvents(roots, [
    happened(record, 'destroy'),
    ...ofVolumes(record, 'destroy', ({ name }) => volumes.includes(name)),
  ]);

/** Things of one kind were removed that nobody used. */
export const tellPrune = (roots: Roots, type: EventType, reclaimed: number): void =>
  tellEvents(roots, [{ type, action: 'prune', id: '', attributes: { reclaimed: String(reclaimed) } }]);
