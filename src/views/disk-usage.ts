import { isRunning } from '../engine/status.ts';
import type { ContainerUsage, DiskUsage, ImageUsage } from '../engine/usage.ts';
import type { VolumeView } from '../engine/volumes/volumes.ts';
import { linesOf } from '../image/view.ts';
import { rowOf as containerRow } from './containers.ts';
import { rowOf as imageRow } from './images.ts';
import { humanSize } from './units.ts';
import { volumeRow } from './volumes.ts';

/** Column heads of `system df`. */
export const USAGE_HEADERS = {
  Type: 'TYPE',
  TotalCount: 'TOTAL',
  Active: 'ACTIVE',
  Size: 'SIZE',
  Reclaimable: 'RECLAIMABLE',
};

/** A volume with what it takes on disk. */
export interface VolumeUsage {
  readonly view: VolumeView;
  readonly size: number;
}

export const volumeUsageRow = ({ view, size }: VolumeUsage) => ({
  ...volumeRow(view),
  Links: String(view.users.length),
  Size: humanSize(size, 4),
});

/** Docker's four lines, always all of them: scripts count them. There is no build cache yet. */
export function summaryRows({ images, containers, layers }: DiskUsage, volumes: readonly VolumeUsage[] = []) {
  const total = (list: readonly VolumeUsage[]) => list.reduce((all, { size }) => all + size, 0);
  const had = volumes.filter(({ view }) => view.users.length > 0);
  const sum = (list: readonly ContainerUsage[]) => list.reduce((total, { size }) => total + size, 0);
  const isActive = ({ view }: ContainerUsage) => isRunning(view);
  const active = containers.filter(isActive);
  const used = images.filter((image) => image.containers > 0);
  return [
    summaryRow('Images', images.length, used.length, layers.size, layers.reclaimable),
    summaryRow(
      'Containers',
      containers.length,
      active.length,
      sum(containers),
      sum(containers) - sum(active),
    ),
    summaryRow('Local Volumes', volumes.length, had.length, total(volumes), total(volumes) - total(had)),
    summaryRow('Build Cache', 0, 0, 0, 0),
  ];
}

function summaryRow(type: string, total: number, active: number, size: number, reclaimable: number) {
  const share = size > 0 ? ` (${Math.floor((reclaimable * 100) / size)}%)` : '';
  return {
    Type: type,
    TotalCount: String(total),
    Active: String(active),
    Size: humanSize(size, 4),
    Reclaimable: `${humanSize(reclaimable, 4)}${share}`,
  };
}

/** As Docker shows it: by the first of its tags, without a digest. */
export function imageUsageRow({ view, shared, unique, containers }: ImageUsage, short: boolean) {
  const [line] = linesOf({ ...view, digests: [] });
  const id = short ? view.id.slice(7, 19) : view.id;
  return {
    ...(line && imageRow(line, id)),
    Containers: String(containers),
    Digest: '',
    SharedSize: humanSize(shared, 4),
    UniqueSize: humanSize(unique, 4),
  };
}

/** With what it has written alone. */
export function containerUsageRow({ view, size }: ContainerUsage, short: boolean) {
  return { ...containerRow(view, { truncate: short }), Size: humanSize(size) };
}
