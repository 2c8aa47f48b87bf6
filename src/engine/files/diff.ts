import { checkDepth } from '../../image/depth.ts';
import { mountMerged } from '../../image/export.ts';
import { kindOf, statIfAny } from '../../image/unpack/nodes.ts';
import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, S_IFDIR, S_IFMT } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { Fd, Stat } from '../../native/types.ts';
import type { IdMaps } from '../../plan/compile/options.ts';
import { hostFacts } from '../../runtime/host.ts';
import type { Roots } from '../../store/paths.ts';
import { ENGINE_LINKS, plainPaths } from '../hostfiles.ts';
import { idMapsOf } from '../idmaps.ts';
import { containerPaths } from '../layout.ts';
import { findContainer } from '../manage.ts';
import { type Change, isDifferent } from './changes.ts';

/** What a container has changed of its image's files, by path; of running and ended ones alike. */
export function diffContainer(roots: Roots, text: string): Change[] {
  const { record } = findContainer(roots, text);
  const maps = record.config.namespaces?.user === 'private' ? idMapsOf(hostFacts()) : undefined;
  const below = openLayers(record.image.layers);
  const upper = native().openat2(AT_FDCWD, containerPaths(roots, record.id).upper, DIRECTORY);
  try {
    const changes = [...new Comparison(maps).directory(upper, below, '')];
    return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  } finally {
    native().close(upper);
    if (below !== undefined) native().close(below);
  }
}

const DIRECTORY = { flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW };

/** All of them as one directory, by an fd; overlayfs merges no fewer than two. */
export function openLayers(layers: readonly string[]): Fd | undefined {
  const [only] = layers;
  if (only === undefined) return undefined;
  return layers.length > 1
    ? mountMerged(layers)
    : native().openat2(AT_FDCWD, only, { flags: O_RDONLY | O_DIRECTORY });
}

/** The engine's own, which Docker has in a layer below the container's. */
const { files, dirs } = plainPaths({});
export const OWN_FILES: ReadonlySet<string> = new Set(files);
export const OWN_DIRECTORIES: ReadonlySet<string> = new Set([...dirs, '/etc']);

interface Pair {
  readonly upper: Fd;
  readonly lower: Fd | undefined;
  /** Nothing of the image is to be seen in it. */
  readonly hides: boolean;
}

/** Walks a container's layer by fd: nothing that lies there is followed. */
class Comparison {
  constructor(readonly maps: IdMaps | undefined) {}

  /** What a directory of the container has changed of the one of the image (none: all of it is new). */
  *directory(upper: Fd, lower: Fd | undefined, path: string, hidden = false): Generator<Change> {
    const names = native()
      .readdir(upper)
      .map(({ name }) => name);
    // what is below one that hides the image's is not marked again
    const hides = lower !== undefined && (hidden || isOpaque(upper));
    for (const name of names) yield* this.#entry({ upper, lower, hides }, name, `${path}/${name}`);
    if (lower === undefined || !hides) return;
    const kept = new Set(names);
    // listed as overlayfs has it: a whiteout of nothing is nothing
    for (const { name } of native().readdir(lower))
      if (!kept.has(name) && statIfAny(lower, name)) yield { kind: 'D', path: `${path}/${name}` };
  }

  *#entry({ upper, lower, hides }: Pair, name: string, path: string): Generator<Change> {
    const now = statIfAny(upper, name);
    if (now === undefined || OWN_FILES.has(path)) return;
    const before = lower === undefined ? undefined : statIfAny(lower, name);
    if (kindOf(now) === 'whiteout') {
      if (before) yield { kind: 'D', path };
      return;
    }
    if (before === undefined && isOwnLink(upper, name, path, now)) return;
    const inside = isDirectory(now) ? this.#inside({ upper, lower, hides }, name, path, before) : [];
    const isNew = before === undefined && !OWN_DIRECTORIES.has(path);
    const differs =
      before !== undefined &&
      isDifferent(this.#mapped(before), now, () => this.#marks({ upper, lower }, name));
    if (isNew) yield { kind: 'A', path };
    else if (differs || inside.length > 0) yield { kind: 'C', path };
    yield* inside;
  }

  #inside({ upper, lower, hides }: Pair, name: string, path: string, before: Stat | undefined): Change[] {
    checkDepth(path);
    const fd = native().openat2(upper, name, DIRECTORY);
    const old =
      lower !== undefined && before && isDirectory(before)
        ? native().openat2(lower, name, DIRECTORY)
        : undefined;
    try {
      return [...this.directory(fd, old, path, hides)];
    } finally {
      native().close(fd);
      if (old !== undefined) native().close(old);
    }
  }

  /** Capabilities of a file, before and now. */
  #marks({ upper, lower }: { upper: Fd; lower: Fd | undefined }, name: string): (string | undefined)[] {
    return [lower, upper].map((dir) => {
      const value = dir === undefined ? undefined : native().getxattr(dir, name, 'security.capability');
      return value && Buffer.from(value).toString('hex');
    });
  }

  /** What lies in the image's layers is mapped where it is mounted; the container's layer has the host's ids. */
  #mapped(before: Stat): Stat {
    const [uids] = this.maps?.uidMappings ?? [];
    const [gids] = this.maps?.gidMappings ?? [];
    if (!uids || !gids) return before;
    return { ...before, uid: before.uid + uids.hostID, gid: before.gid + gids.hostID };
  }
}

const isDirectory = ({ mode }: Stat): boolean => (mode & S_IFMT) === S_IFDIR;

const isOpaque = (fd: Fd): boolean =>
  native().getxattr(fd, '', 'trusted.overlay.opaque')?.[0] === 'y'.charCodeAt(0);

const isOwnLink = (dir: Fd, name: string, path: string, now: Stat): boolean =>
  kindOf(now) === 'symlink' &&
  ENGINE_LINKS[path] !== undefined &&
  native().readlinkat(dir, name) === ENGINE_LINKS[path];
