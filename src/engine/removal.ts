import type { Plan } from '../plan/types.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { Names } from './names.ts';
import type { ContainerRecord } from './record.ts';

/** What removes what a container keeps, for a monitor that is to do so at its end: as `removeData` does. */
export function removalOf(roots: Roots, { id, name }: ContainerRecord): Plan {
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
    ],
  };
}
