import { cleanTarget, PROPAGATION } from '../engine/config/mounts.ts';
import type { BindConfig, ImageMountConfig, MountConfig, VolumeConfig } from '../engine/config/types.ts';
import type { ContainerRecord, MountPoint } from '../engine/record.ts';

/** `Mounts` of docker inspect: what of the host is in the container. */
export const describeMounts = ({ mounts, config }: ContainerRecord) =>
  mounts.map((mount) => describeMount(mount, config.mounts ?? []));

function describeMount(
  { source, destination, options = [], volume: named, image }: MountPoint,
  asked: readonly MountConfig[],
) {
  if (image !== undefined)
    return { Type: 'image', Source: image, Destination: destination, Mode: '', RW: false, Propagation: '' };
  if (named) return describeVolumeMount(named.name, { source, destination, options }, asked);
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

function describeVolumeMount(
  name: string,
  { source, destination, options = [] }: MountPoint,
  asked: readonly MountConfig[],
) {
  const mount = asked.find(({ target }) => cleanTarget(target) === destination);
  return {
    Type: 'volume',
    Name: name,
    Source: source,
    Destination: destination,
    Driver: 'local',
    Mode: mount?.kind === 'volume' ? volumeMode(mount) : '',
    RW: options.includes('rw'),
    Propagation: '',
  };
}

/** What follows the second colon of -v. */
const volumeMode = ({ readOnly, noCopy, relabel }: VolumeConfig): string =>
  [readOnly && 'ro', noCopy && 'nocopy', relabel].filter(Boolean).join(',');

/** What -v can say, and only -v makes the directory where there is none; the rest is --mount's. */
const isVolume = (mount: MountConfig): mount is BindConfig =>
  mount.kind === 'bind' &&
  mount.createSource === true &&
  mount.recursive !== false &&
  mount.readOnlyBelow === undefined;

/** What follows the second colon of -v. */
const modeOf = ({ readOnly, propagation, relabel }: BindConfig): string =>
  [readOnly && 'ro', propagation, relabel].filter(Boolean).join(',');

/** `HostConfig.Binds`. */
export const bindTexts = (mounts: readonly MountConfig[]): string[] =>
  mounts.flatMap((mount) => {
    if (mount.kind === 'volume')
      return mount.name && !mount.asMount ? [texts(mount.name, mount.target, volumeMode(mount))] : [];
    return isVolume(mount) ? [texts(mount.source, mount.target, modeOf(mount))] : [];
  });

const texts = (...parts: readonly string[]): string => parts.filter(Boolean).join(':');

/** `HostConfig.Mounts`. */
export const mountRequests = (mounts: readonly MountConfig[]): readonly object[] =>
  mounts.flatMap((mount): object[] => {
    if (mount.kind === 'bind') return isVolume(mount) ? [] : [mountRequest(mount)];
    if (mount.kind === 'image') return [imageRequest(mount)];
    return mount.kind === 'volume' && mount.asMount ? [volumeRequest(mount)] : [];
  });

function volumeRequest({ name, target, readOnly, noCopy, subpath, labels, driver, options }: VolumeConfig) {
  const config = { ...(driver && { Name: driver }), ...(options && { Options: options }) };
  const more = {
    ...(noCopy && { NoCopy: true }),
    ...(labels && { Labels: labels }),
    ...((driver || options) && { DriverConfig: config }),
    ...(subpath && { Subpath: subpath }),
  };
  return {
    Type: 'volume',
    ...(name && { Source: name }),
    Target: target,
    ...(readOnly && { ReadOnly: true }),
    ...(Object.keys(more).length > 0 && { VolumeOptions: more }),
  };
}

const imageRequest = ({ image, target, subpath }: ImageMountConfig) => ({
  Type: 'image',
  Source: image,
  Target: target,
  ...(subpath && { ImageOptions: { Subpath: subpath } }),
});

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
