import { constants } from 'node:fs';
import { LayerStore } from '../image/layers.ts';
import { ImageStore } from '../image/store.ts';
import { views } from '../image/view.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import type { Roots } from '../store/paths.ts';
import { containerPaths } from './layout.ts';
import { containerIds, readRecord, viewOf } from './record.ts';

/** A line of `system df`; sizes in bytes. */
export interface Usage {
  readonly type: 'Images' | 'Containers';
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}

/** Shared layers count once. */
export function usage(roots: Roots): Usage[] {
  const records = containerIds(roots).flatMap((id) => readRecord(roots, id) ?? []);
  const used = new Set(records.map(({ imageId }) => imageId));
  return [images(roots, used), containers(roots, records)];
}

function images(roots: Roots, used: ReadonlySet<string>): Usage {
  const layers = new LayerStore(roots.dataRoot);
  const all = views(new ImageStore(roots.dataRoot).list());
  const active = all.filter(({ id }) => used.has(id));
  const sizeOf = (list: typeof all) => {
    const diffIds = new Set(list.flatMap(({ entry }) => entry.diffIds));
    return [...diffIds].reduce((sum, diffId) => sum + (layers.has(diffId) ? layers.info(diffId).size : 0), 0);
  };
  const size = sizeOf(all);
  return {
    type: 'Images',
    total: all.length,
    active: active.length,
    size,
    reclaimable: size - sizeOf(active),
  };
}

function containers(roots: Roots, records: readonly NonNullable<ReturnType<typeof readRecord>>[]): Usage {
  const sized = records.map((record) => ({
    size: treeSize(containerPaths(roots, record.id).upper),
    active: ['running', 'paused'].includes(viewOf(roots, record).status),
  }));
  const sum = (list: typeof sized) => list.reduce((total, one) => total + one.size, 0);
  const active = sized.filter((one) => one.active);
  return {
    type: 'Containers',
    total: sized.length,
    active: active.length,
    size: sum(sized),
    reclaimable: sum(sized) - sum(active),
  };
}

const DIRECTORY = 4;
const HOW = { flags: constants.O_DIRECTORY | constants.O_NOFOLLOW };

/** Bytes of the files below a directory, by fd: a container may have put links there. */
function treeSize(path: string, dir: number = AT_FDCWD): number {
  let fd: number;
  try {
    fd = native().openat2(dir, path, HOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
    throw error;
  }
  try {
    return native()
      .readdir(fd)
      .reduce(
        (sum, { name, type }) =>
          sum + (type === DIRECTORY ? treeSize(name, fd) : native().fstatat(fd, name).size),
        0,
      );
  } finally {
    native().close(fd);
  }
}
