import type { VolumeView } from '../engine/volumes/volumes.ts';

/** Column heads of `volume ls`. */
export const VOLUME_HEADERS = {
  Driver: 'DRIVER',
  Name: 'VOLUME NAME',
  Scope: 'SCOPE',
  Mountpoint: 'MOUNTPOINT',
  Labels: 'LABELS',
  Links: 'LINKS',
  Size: 'SIZE',
  Label: (name: string) => (name.split('.').at(-1) ?? '').replaceAll(/[-_]/g, ' '),
};

/** A volume's members under Docker's names. */
export const volumeRow = ({ record: { name, labels }, mountpoint }: VolumeView) => ({
  Driver: 'local',
  Label: (key: string) => (Object.hasOwn(labels, key) ? (labels[key] ?? '') : ''),
  Labels: Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(','),
  Links: 'N/A',
  Mountpoint: mountpoint,
  Name: name,
  Scope: 'local',
  Size: 'N/A',
});

/** `volume inspect`, as Docker has it. */
export const describeVolume = ({ record, mountpoint }: VolumeView) => ({
  CreatedAt: record.created,
  Driver: 'local',
  Labels: labelsOf(record.labels, record.anonymous),
  Mountpoint: mountpoint,
  Name: record.name,
  Options: Object.keys(record.options).length > 0 ? record.options : null,
  Scope: 'local',
});

/** Docker marks those without a name by a label. */
function labelsOf(labels: Readonly<Record<string, string>>, anonymous: boolean) {
  const all = anonymous ? { 'com.docker.volume.anonymous': '', ...labels } : labels;
  return Object.keys(all).length > 0 ? all : null;
}
