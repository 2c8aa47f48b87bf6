import { cleanTarget, PROPAGATION } from '../engine/config/mounts.ts';
import type { BindConfig, MountConfig } from '../engine/config/types.ts';
import type { ContainerRecord, MountPoint } from '../engine/record.ts';

/** `Mounts` of docker inspect: what of the host is in the container. */
export const describeMounts = ({ mounts, config }: ContainerRecord) =>
  mounts.map((mount) => describeMount(mount, config.mounts ?? []));

function describeMount({ source, destination, options = [] }: MountPoint, asked: readonly MountConfig[]) {
  const volume = asked.find((mount) => isVolume(mount) && cleanTarget(mount.target) === destination);
  return {
    Type: 'bind',
    Source: source,
    Destination: destination,
    Mode: volume?.kind === 'bind' ? modeOf(volume) : '',
    RW: options.includes('rw'),
    Propagation: PROPAGATION.find((word) => options.includes(word)) ?? '',
  };
}

/** What -v can say, and only -v makes the directory where there is none; the rest is --mount's. */
const isVolume = (mount: MountConfig): mount is BindConfig =>
  mount.kind === 'bind' &&
  mount.createSource === true &&
  mount.recursive !== false &&
  mount.readOnlyBelow === undefined;

/** What follows the second colon of -v. */
const modeOf = ({ readOnly, propagation }: BindConfig): string =>
  [...(readOnly ? ['ro'] : []), ...(propagation ? [propagation] : [])].join(',');

/** `HostConfig.Binds`. */
export const bindTexts = (mounts: readonly MountConfig[]): string[] =>
  mounts
    .filter(isVolume)
    .map((mount) => [mount.source, mount.target, ...(modeOf(mount) ? [modeOf(mount)] : [])].join(':'));

/** `HostConfig.Mounts`. */
export const mountRequests = (mounts: readonly MountConfig[]) =>
  mounts.flatMap((mount) => (mount.kind === 'bind' && !isVolume(mount) ? [mountRequest(mount)] : []));

function mountRequest(mount: BindConfig) {
  const { source, target, readOnly, propagation, recursive, createSource, readOnlyBelow } = mount;
  const options = {
    ...(propagation && { Propagation: propagation }),
    ...(recursive === false && { NonRecursive: true }),
    ...(createSource && { CreateMountpoint: true }),
    ...(readOnlyBelow === false && { ReadOnlyNonRecursive: true }),
  };
  return {
    Type: 'bind',
    Source: source,
    Target: target,
    ...(readOnly && { ReadOnly: true }),
    ...(Object.keys(options).length > 0 && { BindOptions: options }),
  };
}

/** `HostConfig.Tmpfs`; those of --mount too, which are the same here. */
export const tmpfsTexts = (mounts: readonly MountConfig[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    mounts.flatMap((mount) =>
      mount.kind === 'tmpfs' ? [[mount.target, (mount.options ?? []).join(',')] as const] : [],
    ),
  );
