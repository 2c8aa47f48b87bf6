import { networksOf } from '../engine/config/network.ts';
import { type ContainerRecord, type ContainerView, codeOf, startOf } from '../engine/record.ts';
import { portsText } from './ports.ts';
import { goTime, humanDuration, humanSize } from './units.ts';

/** Column heads of `ps`, also of `system df -v`. */
export const HEADERS = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Labels: 'LABELS',
  LocalVolumes: 'LOCAL VOLUMES',
  Mounts: 'MOUNTS',
  Networks: 'NETWORKS',
  Platform: 'PLATFORM',
  Size: 'SIZE',
  /** `table {{.Label "com.example.some-thing"}}` is headed by the last part of the label. */
  Label: (name: string) => (name.split('.').at(-1) ?? '').replaceAll(/[-_]/g, ' '),
};

export const COLUMNS = ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'];

/** Bytes on disk: what the container has written, and with its image. */
export interface Sizes {
  readonly own: number;
  readonly virtual: number;
}

export interface Shown {
  /** Short ids, commands and mounts. */
  readonly truncate: boolean;
  readonly sizes?: Sizes | undefined;
  readonly now?: number;
}

/** By name; another container's network has none of its own here. */
export const networkNames = ({ config }: ContainerRecord): readonly string[] => {
  const { network } = config;
  return typeof network === 'string' ? [network] : networksOf(config).map((one) => one.network);
};

/** A container's members under Docker's names, since scripts read them; what is a function takes arguments. */
export function rowOf(view: ContainerView, { truncate, sizes, now = Date.now() }: Shown) {
  const { record, status } = view;
  const command = record.argv.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg)).join(' ');
  const { mounts } = record;
  return {
    Command: JSON.stringify(truncate ? ellipsis(command, 20) : command),
    CreatedAt: goTime(record.created),
    ID: truncate ? record.id.slice(0, 12) : record.id,
    Image: record.config.image,
    Label: (name: string) => (Object.hasOwn(record.labels, name) ? (record.labels[name] ?? '') : ''),
    Labels: Object.entries(record.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    LocalVolumes: String(mounts.filter(({ volume }) => volume).length),
    Mounts: mounts
      .map(({ source, volume }) => volume?.name ?? source)
      .map((text) => (truncate ? ellipsis(text, 15) : text))
      .join(','),
    Names: record.name,
    Networks: networkNames(record).join(','),
    Platform: null,
    Ports: portsText(view),
    RunningFor: `${humanDuration(now - Date.parse(record.created))} ago`,
    Size: sizes ? `${humanSize(sizes.own)} (virtual ${humanSize(sizes.virtual)})` : '0B',
    State: status,
    Status: statusText(view, now),
  };
}

/** At most `most` characters, the last of them `…` where something was cut. */
function ellipsis(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : text;
}

function statusText({ record, status, health }: ContainerView, now: number): string {
  const { exit } = record;
  if (status === 'dead') return 'Dead';
  if (status === 'removing') return 'Removal In Progress';
  if (exit && status === 'restarting')
    return `Restarting (${codeOf(record)}) ${humanDuration(now - Date.parse(exit.finished))} ago`;
  if (exit) return `Exited (${codeOf(record)}) ${humanDuration(now - Date.parse(exit.finished))} ago`;
  if (status === 'created') return 'Created';
  if (status === 'exited') return 'Exited';
  const up = `Up ${humanDuration(now - Date.parse(startOf(record)))}`;
  if (status === 'paused') return `${up} (Paused)`;
  if (health === undefined) return up;
  return `${up} (${health.Status === 'starting' ? 'health: starting' : health.Status})`;
}
