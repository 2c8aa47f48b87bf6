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

/** Directories in each other: no path leads further down (limits.h, PATH_MAX), and nothing there is counted. */
const DEEPEST = 2048;

/** A directory that is being counted: its path from the top, and those in it that are still to be. */
interface Counting {
  readonly fd: number;
  readonly at: string;
  readonly directories: string[];
}

/**
 * Bytes of the files below a directory, by fd since a container may have put links there; hard links count once. Not by
 * recursion: a container may have made more directories in each other than the stack holds.
 */
export function treeSize(path: string): number {
  const linked = new Set<bigint>();
  const open: Counting[] = [];
  let sum = 0;
  const enter = (dir: number, name: string, at: string): void => {
    const fd = unlessGone(() => native().openat2(dir, name, HOW));
    if (fd === undefined) return;
    const directories: string[] = [];
    open.push({ fd, at, directories });
    for (const entry of native().readdir(fd)) {
      if (entry.type === DIRECTORY) directories.push(entry.name);
      else if (!isOwnLink(fd, entry, at)) sum += fileSize(fd, entry.name, linked);
    }
  };
  try {
    enter(AT_FDCWD, path, '');
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const name = last.directories.pop();
      if (name === undefined) native().close(open.pop()?.fd ?? -1);
      else if (open.length < DEEPEST) enter(last.fd, name, `${last.at}/${name}`);
    }
    return sum;
  } finally {
    for (const { fd } of open) native().close(fd);
  }
}

function fileSize(dir: number, name: string, linked: Set<bigint>): number {
  const stat = unlessGone(() => native().fstatat(dir, name));
  if (stat === undefined || (stat.nlink > 1 && linked.has(stat.ino))) return 0;
  if (stat.nlink > 1) linked.add(stat.ino);
  return stat.size;
}

/** What the engine put there. */
function isOwnLink(dir: number, { name, type }: { name: string; type: number }, at: string): boolean {
  const made = type === LINK ? ENGINE_LINKS[`${at}/${name}`] : undefined;
  return made !== undefined && unlessGone(() => native().readlinkat(dir, name)) === made;
}

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
