import { statSync } from 'node:fs';
import { normalize } from 'node:path/posix';
import type { HostMount } from '../../plan/compile/options.ts';
import type { Mount } from '../../spec/types.ts';
import { ConfigError } from './error.ts';
import type {
  BindConfig,
  ImageMountConfig,
  MountConfig,
  Propagation,
  TmpfsConfig,
  VolumeConfig,
} from './types.ts';

/** A path of the container without `.`, `..` and doubled slashes, by its text alone: two spellings of a place are one. */
export function cleanTarget(path: string): string {
  const clean = normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

export const PROPAGATION: readonly Propagation[] = [
  'private',
  'rprivate',
  'shared',
  'rshared',
  'slave',
  'rslave',
];

/** In the order of their depth, so that an outer mount never hides an inner one. @throws ConfigError */
export function mountsOf(mounts: readonly MountConfig[]): Mount[] {
  const made = mounts.map(mountOf);
  for (const [index, { destination }] of made.entries())
    if (made.findIndex((other) => other.destination === destination) < index)
      throw new ConfigError(`mounts[${index}]`, `two mounts on ${destination}`);
  const depth = (mount: Mount) => mount.destination.split('/').filter(Boolean).length;
  return made.sort((a, b) => depth(a) - depth(b));
}

function mountOf(mount: MountConfig, index: number): Mount {
  const field = `mounts[${index}]`;
  const destination = targetOf(mount.target, `${field}.target`);
  if (mount.kind === 'tmpfs') return tmpfs(mount, destination, `${field}.options`);
  if (mount.kind === 'bind') return bind(mount, destination, field);
  if (mount.kind === 'volume') return volume(mount, destination);
  if (mount.kind === 'image') return image(mount, destination);
  throw new ConfigError(`${field}.kind`, 'none of bind, tmpfs, volume and image');
}

/** Where what is mounted lies on the host. */
export interface Place {
  readonly source: string;
  /** What the source is below and may not lead out of. */
  readonly root?: string;
  /** What the host mounts for it. */
  readonly host?: HostMount;
}

/** An image that is unpacked. */
export interface PlacedImage extends ImageMountConfig, Place {
  /** `sha256:…` of its configuration. */
  readonly id: string;
  readonly layers: readonly string[];
  readonly mapped?: boolean;
}

/** A volume with a name, and where its files are. */
export interface PlacedVolume extends VolumeConfig, Place {
  readonly name: string;
  /** Nothing of the image is copied into it, whatever its record says. */
  readonly unseeded?: boolean;
  /** Its driver's options of mount(8): of one in memory, or a bind. */
  readonly how?: { readonly type: 'tmpfs' | 'bind'; readonly options: readonly string[] };
  /** It goes with its container. */
  readonly anonymous?: boolean;
  /** The container's ids are others than the host's. */
  readonly mapped?: boolean;
}

/** Those that have not been placed yet are looked at for the sake of the others. */
function volume(mount: VolumeConfig | PlacedVolume, destination: string): Mount {
  const { readOnly, noCopy, subpath } = mount;
  const { source = '', mapped = false, unseeded = false, how } = isPlaced(mount) ? mount : {};
  const access = readOnly ? ['ro', 'rro'] : how?.options.includes('ro') ? ['ro'] : ['rw'];
  const copied = noCopy || subpath !== undefined ? [] : ['tmpcopyup'];
  const extra = how?.options.filter((word) => !BIND_WORDS.includes(word)) ?? [];
  if (how?.type === 'tmpfs')
    return {
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: [...extra, ...access.slice(0, 1), ...copied],
    };
  const options = [
    how && !how.options.includes('rbind') ? 'bind' : 'rbind',
    ...extra,
    ...access,
    'rprivate',
    ...(unseeded ? [] : copied),
    ...(mapped ? ['idmap'] : []),
  ];
  return { destination, type: 'bind', source, options };
}

const BIND_WORDS = ['bind', 'rbind', 'ro', 'rw'];

export const isPlaced = (mount: MountConfig): mount is PlacedVolume =>
  mount.kind === 'volume' && 'source' in mount;

function image(mount: ImageMountConfig | PlacedImage, destination: string): Mount {
  const { source = '', mapped = false } = 'source' in mount ? mount : {};
  const options = ['rbind', 'ro', 'rro', 'rprivate', ...(mapped ? ['idmap'] : [])];
  return { destination, type: 'bind', source, options };
}

/** What the host does for mounts that are placed, and which sources nothing may lead out of. */
export function placesOf(placed: readonly MountConfig[] = []): {
  hostMounts: readonly HostMount[];
  beneath: Readonly<Record<string, string>>;
} {
  const places: readonly (Partial<Place> & { target: string })[] = placed;
  const roots = places.flatMap(({ target, root }) => (root ? [[cleanTarget(target), root] as const] : []));
  return { hostMounts: places.flatMap(({ host = [] }) => host), beneath: Object.fromEntries(roots) };
}

function targetOf(path: string, field: string): string {
  if (!path.startsWith('/'))
    throw new ConfigError(field, `invalid mount path: '${path}' mount path must be absolute`);
  const target = cleanTarget(path);
  if (target === '/') throw new ConfigError(field, "invalid specification: destination can't be '/'");
  return target;
}

/** A read-only bind is read-only all the way down, as Docker has it since 25 (`rro`). */
function bind(mount: BindConfig, destination: string, field: string): Mount {
  const { source, recursive = true, readOnlyBelow = recursive, propagation = 'rprivate' } = mount;
  if (!PROPAGATION.includes(propagation))
    throw new ConfigError(`${field}.propagation`, `invalid propagation mode: ${propagation}`);
  if (!source.startsWith('/')) throw new ConfigError(`${field}.source`, `${source} is not an absolute path`);
  const access = mount.readOnly ? ['ro', ...(readOnlyBelow ? ['rro'] : [])] : ['rw'];
  return {
    destination,
    type: 'bind',
    source,
    options: [recursive ? 'rbind' : 'bind', ...access, propagation],
  };
}

/** What is asked for of SELinux, which nobody is told of by a label: to be said. */
export const relabelled = (mounts: readonly MountConfig[]): string[] =>
  mounts.flatMap((mount) =>
    'relabel' in mount && mount.relabel
      ? [`${mount.target}: nothing is labelled for SELinux, ${mount.relabel} is ignored`]
      : [],
  );

/** Directories of the host that binds are to make. @throws ConfigError for what is missing and not to be made */
export function missingSources(mounts: readonly MountConfig[]): string[] {
  return mounts.flatMap((mount, index) => {
    if (mount.kind !== 'bind' || statSync(mount.source, { throwIfNoEntry: false })) return [];
    if (mount.createSource) return [mount.source];
    throw new ConfigError(`mounts[${index}].source`, `the bind source ${mount.source} does not exist`);
  });
}

const OPPOSITES: Readonly<Record<string, string>> = { noexec: 'exec', nosuid: 'suid', nodev: 'dev' };

/** Docker's defaults: noexec, nosuid, nodev. */
function tmpfs({ options = [] }: TmpfsConfig, destination: string, field: string): Mount {
  for (const option of options) checkTmpfsOption(option, field);
  const defaults = Object.entries(OPPOSITES).flatMap(([flag, off]) => (options.includes(off) ? [] : [flag]));
  const rest = options.filter((option) => !defaults.includes(option) && option !== 'rw');
  return { destination, type: 'tmpfs', source: 'tmpfs', options: [...defaults, ...rest] };
}

const TMPFS_FLAGS: readonly string[] = [
  ...'ro rw exec noexec suid nosuid dev nodev sync async dirsync atime noatime'.split(' '),
  ...'diratime nodiratime relatime norelatime strictatime nostrictatime'.split(' '),
  ...PROPAGATION,
];
/** What a value looks like that the kernel can take. */
const TMPFS_VALUES: Readonly<Record<string, RegExp>> = {
  size: /^\d+[kmgtpe]?$|^\d+%$/i,
  mode: /^\+?[0-7]+$/,
  uid: /^\+?\d+$/,
  gid: /^\+?\d+$/,
  nr_inodes: /^\d+[kmgtpe]?$/i,
  nr_blocks: /^\d+[kmgtpe]?$/i,
  huge: /^\w+$/,
  mpol: /./,
};

function checkTmpfsOption(option: string, field: string): void {
  const equals = option.indexOf('=');
  const key = equals < 0 ? option : option.slice(0, equals);
  const value = Object.hasOwn(TMPFS_VALUES, key) ? TMPFS_VALUES[key] : undefined;
  const known = equals < 0 ? TMPFS_FLAGS.includes(key) : value !== undefined;
  if (!known) throw new ConfigError(field, `invalid tmpfs option ${JSON.stringify(option)}`);
  if (equals >= 0 && !value?.test(option.slice(equals + 1)))
    throw new ConfigError(field, `bad value of ${JSON.stringify(option)}`);
}
