import { constants } from 'node:fs';
import { errnoOf } from '../errors.ts';
import { LayerStore } from '../image/layers.ts';
import { ImageStore } from '../image/store.ts';
import { type ImageView, views } from '../image/view.ts';
import { AT_FDCWD, native } from '../native/index.ts';
import type { Roots } from '../store/paths.ts';
import { ENGINE_LINKS } from './hostfiles.ts';
import { containerPaths } from './layout.ts';
import { listContainers } from './manage.ts';
import type { ContainerView } from './record.ts';

/** What a data root takes on disk; sizes in bytes. */
export interface DiskUsage {
  /** Newest first. */
  readonly images: readonly ImageUsage[];
  /** Newest first. */
  readonly containers: readonly ContainerUsage[];
  /** All layers, each counted once, and those of them that no container's image has. */
  readonly layers: { readonly size: number; readonly reclaimable: number };
}

export interface ImageUsage {
  readonly view: ImageView;
  /** Of its layers, those that other images have, too. */
  readonly shared: number;
  /** The others: what goes with it. */
  readonly unique: number;
  /** How many containers are made of it, running or not. */
  readonly containers: number;
}

export interface ContainerUsage {
  readonly view: ContainerView;
  /** What it has written. */
  readonly size: number;
}

/** @param onDamaged told of containers whose record cannot be read: they count as absent */
export function diskUsage(roots: Roots, onDamaged: (error: Error) => void): DiskUsage {
  const containers = listContainers(roots, onDamaged).map((view) => ({
    view,
    size: writtenBy(roots, view),
  }));
  const layers = new LayerStore(roots.dataRoot);
  const sizes = new Map<string, number>();
  const sizeOf = (diffId: string): number => {
    const size = sizes.get(diffId) ?? (layers.has(diffId) ? layers.info(diffId).size : 0);
    sizes.set(diffId, size);
    return size;
  };
  const users = containers.map(({ view }) => view.record.image.id);
  return { ...imageUsage(views(new ImageStore(roots.dataRoot).list()), users, sizeOf), containers };
}

/** Bytes that a container has written: without what the engine put there, which Docker has in a layer below. */
export function writtenBy(roots: Roots, { record }: ContainerView): number {
  return treeSize(containerPaths(roots, record.id).upper);
}

/** Bytes on disk of a container: what it has written, and with its image. */
export function sizesOf(roots: Roots): (view: ContainerView) => { own: number; virtual: number } {
  const images = new Map(new ImageStore(roots.dataRoot).list().map(({ id, size }) => [id, size]));
  return (view) => {
    const own = writtenBy(roots, view);
    return { own, virtual: own + (images.get(view.record.image.id) ?? 0) };
  };
}

/** @param users the image of each container */
export function imageUsage(
  all: readonly ImageView[],
  users: readonly string[],
  sizeOf: (diffId: string) => number,
): Pick<DiskUsage, 'images' | 'layers'> {
  const owners = new Map<string, number>();
  for (const { entry } of all)
    for (const diffId of new Set(entry.diffIds)) owners.set(diffId, (owners.get(diffId) ?? 0) + 1);
  const sum = (diffIds: Iterable<string>) =>
    [...diffIds].reduce((total, diffId) => total + sizeOf(diffId), 0);
  const images = all.map((view) => {
    const isShared = (diffId: string) => (owners.get(diffId) ?? 0) > 1;
    const shared = sum(view.entry.diffIds.filter(isShared));
    const containers = users.filter((id) => id === view.id).length;
    return { view, shared, unique: sum(view.entry.diffIds) - shared, containers };
  });
  const used = new Set(images.flatMap(({ view, containers }) => (containers > 0 ? view.entry.diffIds : [])));
  const size = sum(owners.keys());
  return { images, layers: { size, reclaimable: size - sum(used) } };
}

const DIRECTORY = 4;
const LINK = 10;
const HOW = { flags: constants.O_DIRECTORY | constants.O_NOFOLLOW };

/** A directory of the tree: where it is opened, and its path from the top. */
interface Place {
  readonly dir: number;
  readonly at: string;
}

/** Bytes of the files below a directory, by fd since a container may have put links there; hard links count once. */
export function treeSize(path: string, { dir, at }: Place = TOP, linked: Set<bigint> = new Set()): number {
  const fd = unlessGone(() => native().openat2(dir, path, HOW));
  if (fd === undefined) return 0;
  const fileSize = (name: string): number => {
    const stat = unlessGone(() => native().fstatat(fd, name));
    if (stat === undefined || (stat.nlink > 1 && linked.has(stat.ino))) return 0;
    if (stat.nlink > 1) linked.add(stat.ino);
    return stat.size;
  };
  const sizeOf = ({ name, type }: { name: string; type: number }): number => {
    const inside = `${at}/${name}`;
    if (type === DIRECTORY) return treeSize(name, { dir: fd, at: inside }, linked);
    const made = type === LINK ? ENGINE_LINKS[inside] : undefined;
    return made !== undefined && unlessGone(() => native().readlinkat(fd, name)) === made
      ? 0
      : fileSize(name);
  };
  try {
    return native()
      .readdir(fd)
      .reduce((sum, entry) => sum + sizeOf(entry), 0);
  } finally {
    native().close(fd);
  }
}

const TOP: Place = { dir: AT_FDCWD, at: '' };

/** Removed, or replaced by what is no directory or no link. */
const GONE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL'];

/** Containers go on changing files while they are counted. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (GONE.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
