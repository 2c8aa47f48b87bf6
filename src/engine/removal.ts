import type { Plan } from '../plan/types.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { Names } from './names.ts';
import type { ContainerRecord } from './record.ts';
import { anonymousOf, volumePath } from './volumes/seeded.ts';

/** What removes what a container keeps, for a monitor that is to do so at its end: as `removeData` does. */
export function removalOf(roots: Roots, record: ContainerRecord): Plan {
  const { id, name } = record;
  return {
    steps: [
      {
        op: 'unlink',
        lane: 'host',
        args: { path: new Names(roots.dataRoot).path(name) },
        mayFail: true,
        why: 'its name is free',
      },
      {
        op: 'removeTree',
        lane: 'host',
        args: { path: containerPaths(roots, id).data },
        mayFail: true,
        why: 'it was to be removed',
      },
      ...anonymousOf(record).map((volume) => ({
        op: 'removeTree' as const,
        lane: 'host' as const,
        args: { path: volumePath(roots, volume) },
        mayFail: true as const,
        why: 'it was for this container alone',
      })),
    ],
  };
}
