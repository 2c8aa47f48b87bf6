import { TinyrunError } from '../errors.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_RDONLY, S_IFDIR, S_IFMT } from '../native/fcntl.ts';
import { native } from '../native/index.ts';
import type { Fd, Stat } from '../native/types.ts';
import { checkDepth } from './depth.ts';
import { type Adapt, TreeWriter } from './export.ts';
import type { TarEntry } from './tar/header.ts';
import { END, encodeEntry, plain } from './tar/write.ts';
import { isOfFile } from './unpack/attributes.ts';
import { LIMITS } from './unpack/limits.ts';
import { kindOf, statIfAny } from './unpack/nodes.ts';

// layer.md of the OCI image specification: a file `.wh.NAME` takes NAME of the layers below away, `.wh..wh..opq` all that
// they have in its directory.

/** What lies in a layer that is written to, and is none of its image's. Absolute paths. */
export interface Stubs {
  readonly files: ReadonlySet<string>;
  /** Where files are mounted: those without a byte. */
  readonly emptyFiles: ReadonlySet<string>;
  /** Kept where there is something in them. */
  readonly dirs: ReadonlySet<string>;
  readonly links: Readonly<Record<string, string>>;
}

export interface LayerSource {
  /** A directory of overlayfs that was written to. */
  readonly upper: Fd;
  /** What is below it, merged. */
  readonly lower: Fd | undefined;
  readonly stubs: Stubs;
  /** From the ids of the host to those of the image. */
  readonly toImage: (entry: TarEntry) => TarEntry;
}

/** The archive of an image's layer; nothing at all where nothing was changed. */
export function* archiveOfLayer(source: LayerSource): Generator<Buffer> {
  let isEmpty = true;
  for (const piece of new LayerWriter(source).directory(source.upper, source.lower, '')) {
    isEmpty = false;
    yield piece;
  }
  if (!isEmpty) yield END;
}

const DIRECTORY = { flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW };
const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const YES = 'y'.charCodeAt(0);

class LayerWriter {
  readonly #tree: TreeWriter;
  constructor(readonly source: LayerSource) {
    const adapt: Adapt = (entry) => source.toImage(ofFile(entry));
    this.#tree = new TreeWriter({ adapt });
  }

  /** `path`: '' or absolute. */
  *directory(upper: Fd, lower: Fd | undefined, path: string): Generator<Buffer> {
    const names = native().readdir(upper);
    for (const name of names.map((entry) => entry.name).sort())
      yield* this.#entry({ upper, lower }, name, `${path}/${name}`);
  }

  *#entry(
    { upper, lower }: { upper: Fd; lower: Fd | undefined },
    name: string,
    path: string,
  ): Generator<Buffer> {
    const now = statIfAny(upper, name);
    if (now === undefined || this.source.stubs.files.has(path)) return;
    const before = lower === undefined ? undefined : statIfAny(lower, name);
    const kind = kindOf(now);
    if (kind === 'whiteout') {
      if (before) yield mark(beside(path, `${WHITEOUT}${name}`));
    } else if (kind === 'directory') {
      yield* this.#below({ upper, lower }, name, path, { now, before });
    } else if (before !== undefined || !this.#isStub(upper, name, path, now)) {
      if (name.startsWith(WHITEOUT)) throw unsayable(path);
      refuseIf(upper, name, path, 'trusted.overlay.metacopy');
      yield* this.#tree.node(upper, name, path.slice(1), now);
    }
  }

  /** The directory itself is told once there is a reason to. */
  *#below(
    { upper, lower }: { upper: Fd; lower: Fd | undefined },
    name: string,
    path: string,
    { now, before }: { now: Stat; before: Stat | undefined },
  ): Generator<Buffer> {
    checkDepth(path, LIMITS.depth); // deeper ones could not be unpacked again
    refuseIf(upper, name, path, 'trusted.overlay.redirect');
    const merges = lower !== undefined && before !== undefined && isDirectory(before);
    const own = native().openat2(upper, name, DIRECTORY);
    const isOpaque = merges && native().getxattr(own, '', 'trusted.overlay.opaque')?.[0] === YES;
    const old = merges && !isOpaque ? native().openat2(lower, name, DIRECTORY) : undefined;
    try {
      let told = isOpaque || (merges ? this.#differs(lower, upper, name) : !this.source.stubs.dirs.has(path));
      if (told) yield* this.#tree.node(upper, name, path.slice(1), now);
      if (isOpaque) yield mark(`${path}/${OPAQUE}`);
      for (const piece of this.directory(own, old, path)) {
        if (!told) yield* this.#tree.node(upper, name, path.slice(1), now);
        told = true;
        yield piece;
      }
    } finally {
      native().close(own);
      if (old !== undefined) native().close(old);
    }
  }

  /** Time and size of a directory say nothing. */
  #differs(lower: Fd, upper: Fd, name: string): boolean {
    const [before, now] = [lower, upper].map((dir) => attributesOf(dir, name));
    return before === undefined || now === undefined || !isSame(before, this.source.toImage(now));
  }

  #isStub(upper: Fd, name: string, path: string, { mode, size }: Stat): boolean {
    const { emptyFiles, links } = this.source.stubs;
    const target = links[path];
    if (target !== undefined && kindOf({ mode } as Stat) === 'symlink')
      return native().readlinkat(upper, name) === target;
    return size === 0 && emptyFiles.has(path);
  }
}

const beside = (path: string, name: string): string => `${path.slice(0, path.lastIndexOf('/'))}/${name}`;

const mark = (path: string): Buffer => encodeEntry({ ...plain(0), name: path.slice(1) });

const isDirectory = ({ mode }: Stat): boolean => (mode & S_IFMT) === S_IFDIR;

function ofFile(entry: TarEntry): TarEntry {
  const xattrs = new Map([...(entry.xattrs ?? [])].filter(([name]) => isOfFile(name)));
  return { ...entry, xattrs };
}

/** Mode, owners and what else is said of a directory. */
function attributesOf(dir: Fd, name: string): TarEntry {
  const { mode, uid, gid } = native().fstatat(dir, name);
  const names = native().listxattr(dir, name).filter(isOfFile).sort();
  const xattrs = new Map(
    names.map((key) => [key, Buffer.from(native().getxattr(dir, name, key) ?? [])] as const),
  );
  return { ...plain(0), type: 'directory', mode: mode & 0o7777, uid, gid, xattrs };
}

function isSame(one: TarEntry, other: TarEntry): boolean {
  const said = ({ mode, uid, gid, xattrs = new Map() }: TarEntry) =>
    JSON.stringify([mode, uid, gid, [...xattrs].map(([key, value]) => [key, value.toString('hex')])]);
  return said(one) === said(other);
}

/** Marks of overlayfs by which a file lies elsewhere: some kernels are built to set them. */
function refuseIf(dir: Fd, name: string, path: string, xattr: string): void {
  if (native().getxattr(dir, name, xattr) === undefined) return;
  throw new TinyrunError(
    'UNSUPPORTED',
    `${path} lies in another layer: overlayfs of this host has ${xattr}`,
    {
      hint: 'tinyrun export CONTAINER | tinyrun import - NAME makes an image of one layer of it',
    },
  );
}

const unsayable = (path: string): TinyrunError =>
  new TinyrunError('UNSUPPORTED', `${path}: in a layer such a name takes another file away`, {
    hint: 'remove or rename the file first',
  });
