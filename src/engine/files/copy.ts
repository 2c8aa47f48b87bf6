import { errnoOf, isFull, kernelReason, TinyrunError } from '../../errors.ts';
import { type Adapt as AdaptAll, archiveOf, mountMerged, mountWritable } from '../../image/export.ts';
import type { TarEntry } from '../../image/tar/header.ts';
import { decompress } from '../../image/unpack/decompress.ts';
import { kindOf } from '../../image/unpack/nodes.ts';
import { AT_FDCWD, O_DIRECTORY, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../native/fcntl.ts';
import { native } from '../../native/index.ts';
import type { Fd } from '../../native/types.ts';
import { claimDir, removeLockedDir } from '../../runtime/dir.ts';
import { containerSpec, isAlive } from '../../runtime/state.ts';
import { dict } from '../../store/dict.ts';
import type { Roots } from '../../store/paths.ts';
import { tell } from '../events/tell.ts';
import { containerPaths } from '../layout.ts';
import { findContainer } from '../manage.ts';
import { isRunning } from '../status.ts';
import { around, enter, findPlace, type Place, type Tree } from './place.ts';
import { destinationOf, type Source } from './rules.ts';
import { type Adapt, CopyWriter } from './write.ts';

export interface CopyOptions {
  /** A link at the end of the source's path stands for what it leads to. */
  readonly followLink?: boolean;
  /** Out of a container: owners, devices and set-user-id bits, too. */
  readonly archive?: boolean;
}

/** What was copied. */
export interface Copied {
  /** Of the archive that it was on its way. */
  readonly bytes: number;
}

/** From the host into a container. */
export async function copyIn(
  roots: Roots,
  { from, container, to }: { from: string; container: string; to: string },
  { followLink = false }: CopyOptions,
): Promise<Copied> {
  return await withHost(async (host) => {
    const source = present(findPlace(host, from, followLink), `lstat ${from}`);
    return await withContainer(roots, container, true, async (tree) => {
      try {
        const target = present(findPlace(tree, to, true), missing(to, container), true);
        return await closing(target, () => transfer(source, target, inward(tree)));
      } finally {
        source.close();
      }
    });
  });
}

/** From a container to the host. */
export async function copyOut(
  roots: Roots,
  { container, from, to }: { container: string; from: string; to: string },
  { followLink = false, archive = false }: CopyOptions,
): Promise<Copied> {
  return await withContainer(roots, container, false, async (tree) => {
    const source = present(findPlace(tree, from, followLink), missing(from, container));
    return await closing(source, () =>
      withHost(async (host) => {
        const target = present(findPlace(host, to, true), `open ${to}`, true);
        return await closing(target, () => transfer(source, target, outward(tree, archive)));
      }),
    );
  });
}

/** A container's files as an archive. */
export async function* copyToStream(
  roots: Roots,
  { container, from }: { container: string; from: string },
  { followLink = false }: CopyOptions,
): AsyncGenerator<Buffer> {
  const tree = openContainer(roots, container, false);
  try {
    const source = present(findPlace(tree, from, followLink), missing(from, container));
    try {
      const name = source.contents ? '' : source.name;
      yield* archiveFrom(source, name, (entry) => shifted(entry, -tree.shift));
    } finally {
      source.close();
    }
  } finally {
    tree.close();
  }
}

/** An archive, packed or not, into a directory of a container. */
export async function copyFromStream(
  roots: Roots,
  { container, to }: { container: string; to: string },
  archive: AsyncIterable<Buffer>,
): Promise<void> {
  await withContainer(roots, container, true, async (tree) => {
    const target = present(findPlace(tree, to, true), missing(to, container));
    await closing(target, async () => {
      if (target.stat && kindOf(target.stat) !== 'directory')
        throw new TinyrunError('USAGE', `destination "${container}:${to}" must be a directory`);
      await writing(enter(target), inward(tree), (writer) =>
        decompress(archive, (chunk) => writer.push(chunk)),
      );
    });
  });
}

/** What of a container is copied from or to; `shift`: what an id of it is more on the host. */
interface ContainerTree extends Tree {
  readonly shift: number;
}

const BELOW = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/** A running one as its programs see it, with what is mounted there; of another its layers. */
function openContainer(roots: Roots, text: string, writes: boolean): ContainerTree & { close(): void } {
  const view = findContainer(roots, text);
  const { record, state } = view;
  tell(roots, record, writes ? 'extract-to-dir' : 'archive-path');
  const paths = containerPaths(roots, record.id);
  if (state && isRunning(view)) {
    const shift = containerSpec(paths.run).linux?.uidMappings?.[0]?.hostID ?? 0;
    const root = openRoot(`/proc/${state.pid}/root`);
    if (!isAlive(state)) {
      native().close(root);
      throw new TinyrunError('CONTAINER_NOT_RUNNING', `container ${text} has just ended`);
    }
    return { root, resolve: BELOW, shift, close: () => native().close(root) };
  }
  if (writes && record.config.namespaces?.user === 'private')
    throw new TinyrunError('UNSUPPORTED', `container ${text} has ids of its own and does not run`, {
      hint: 'start it first: its layers are mounted with other ids then',
    });
  const dir = claimDir(paths.run);
  if (dir === undefined)
    throw new TinyrunError('CONTAINER_RUNNING', `container ${text} is being started or removed`);
  const release = () => {
    removeLockedDir(dir.path);
    dir.lock.release();
  };
  try {
    const { layers } = record.image;
    const root = writes ? mountWritable(layers, paths) : mountMerged([paths.upper, ...layers]);
    const close = () => {
      native().close(root);
      release();
    };
    return { root, resolve: BELOW, shift: 0, close };
  } catch (error) {
    release();
    throw error;
  }
}

async function withContainer<T>(
  roots: Roots,
  text: string,
  writes: boolean,
  act: (tree: ContainerTree) => Promise<T>,
): Promise<T> {
  const tree = openContainer(roots, text, writes);
  try {
    return await act(tree);
  } finally {
    tree.close();
  }
}

const openRoot = (path: string): Fd => native().openat2(AT_FDCWD, path, { flags: O_PATH | O_DIRECTORY });

async function withRoot<T>(root: Fd, act: (root: Fd) => Promise<T>): Promise<T> {
  try {
    return await act(root);
  } finally {
    native().close(root);
  }
}

const withHost = <T>(act: (host: Tree) => Promise<T>): Promise<T> =>
  withRoot(openRoot('/'), (root) => act({ root, resolve: RESOLVE_IN_ROOT }));

async function closing<T>(place: Place, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    place.close();
  }
}

const missing = (path: string, container: string): string =>
  `Could not find the file ${path} in container ${container}`;

/** `isTarget`: it may be missing, where the directory that it is to be in is there. */
function present(place: Place | undefined, words: string, isTarget = false): Place {
  if (place && (place.stat || isTarget)) return place;
  place?.close();
  throw new TinyrunError(
    'USAGE',
    /^(lstat|open) /.test(words) ? `${words}: no such file or directory` : words,
    {
      hint: 'the path must be there; only its last part may be new where something is copied to',
    },
  );
}

const isOf = ({ stat }: Place) => (stat && kindOf(stat) === 'directory' ? 'directory' : 'other');

async function transfer(source: Place, target: Place, adapt: Adapt): Promise<Copied> {
  const from: Source = { ...source, base: source.name, is: isOf(source) };
  const { inside, name } = destinationOf(from, { ...target, is: target.stat ? isOf(target) : 'missing' });
  let bytes = 0;
  await writing(inside ? enter(target) : around(target), adapt, async (writer) => {
    for (const chunk of archiveFrom(source, name)) {
      bytes += chunk.length;
      writer.push(chunk);
    }
  });
  return { bytes };
}

/** Under a name, or '': what is in it, without itself. */
function* archiveFrom(source: Place, name: string, adapt?: AdaptAll): Generator<Buffer> {
  if (name !== '' && source.base !== '') return yield* archiveOf(source.dir, source.base, name, adapt);
  const dir = enter(source);
  try {
    yield* archiveOf(dir, '', name, adapt);
  } finally {
    native().close(dir);
  }
}

/** The fd is closed. */
async function writing(dir: Fd, adapt: Adapt, act: (writer: CopyWriter) => Promise<void>): Promise<void> {
  const writer = new CopyWriter(dir, adapt);
  try {
    await act(writer);
    writer.finish();
  } catch (error) {
    if (error instanceof Error && error.name === 'SyscallError') throw writeError(error);
    throw error;
  } finally {
    writer.close();
    native().close(dir);
  }
}

const WHY: Readonly<Record<string, string>> = dict({
  EROFS: 'the file system is read-only there',
});

function writeError(cause: Error): TinyrunError {
  const code = errnoOf(cause) ?? '';
  const hint = WHY[code];
  return new TinyrunError(isFull(cause) ? 'NO_SPACE' : 'SYSCALL', `copy: ${kernelReason(cause)}`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

function shifted(entry: TarEntry, by: number): TarEntry {
  return by === 0 ? entry : { ...entry, uid: Math.max(0, entry.uid + by), gid: Math.max(0, entry.gid + by) };
}

/** Owners are what they are on the host, by number, as with Docker. */
const inward =
  ({ shift }: ContainerTree): Adapt =>
  (entry) =>
    shifted(entry, shift);

const SET_ID = 0o6000;

/**
 * A container's root has no say on the host: what is copied is the caller's, no device, and gives nobody who runs it
 * another's rights, unless all of that is asked for.
 */
function outward({ shift }: ContainerTree, archive: boolean): Adapt {
  if (archive) return (entry) => shifted(entry, -shift);
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  return (entry) => {
    if (entry.type === 'char' || entry.type === 'block') return undefined;
    const xattrs = new Map([...(entry.xattrs ?? [])].filter(([name]) => !/^(security|trusted)\./.test(name)));
    return {
      ...entry,
      uid,
      gid,
      xattrs,
      mode: entry.type === 'directory' ? entry.mode : entry.mode & ~SET_ID,
    };
  };
}
