import type fs from 'node:fs';
import type { Dirent, PathLike, Stats } from 'node:fs';
import { Readable } from 'node:stream';
import { join } from '../../store/join.ts';
import { realFs as real } from './real.ts';
import type { Callable } from './session.ts';
import { absolute, makesFile, openFlags } from './tellings.ts';
import { bytesOf, type Made, sizeOf, type World } from './world.ts';

// node:fs of a rehearsal: what is looked at is the disk, and over it what was made.

/** What a rehearsed descriptor is of. It is one of /dev/null, so that its number is nobody else's. */
export interface Held {
  readonly path: string;
  /** Nothing on the disk stands behind it. */
  readonly isMade: boolean;
  /** How far it was read. */
  at: number;
}

export function fault(code: string, syscall: string, path: string): NodeJS.ErrnoException {
  const text = REASONS[code] ?? 'it cannot be';
  return Object.assign(new Error(`${code}: ${text}, ${syscall} '${path}'`), {
    code,
    syscall,
    path,
    errno: -1,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EEXIST: 'file already exists',
  ENOTEMPTY: 'directory not empty',
  EISDIR: 'illegal operation on a directory',
  ENOTDIR: 'not a directory',
  EINVAL: 'invalid argument',
};

const MODES = { directory: 0o040755, file: 0o100600, link: 0o120777 } as const;

/** Each its own inode: locks compare them. */
const inodes = new WeakMap<Made, number>();
let lastInode = 2 ** 48;

function statsOf(made: Made): Stats {
  const ino = inodes.get(made) ?? ++lastInode;
  inodes.set(made, ino);
  const now = new Date();
  const times = { atime: now, mtime: now, ctime: now, birthtime: now };
  const ms = { atimeMs: +now, mtimeMs: +now, ctimeMs: +now, birthtimeMs: +now };
  const size = made.is === 'file' ? sizeOf(made) : 0;
  const own = { ino, dev: 0, rdev: 0, nlink: 1, uid: 0, gid: 0, blksize: 4096, blocks: 0 };
  const stats = Object.create(Object.getPrototypeOf(real.statSync('/')) as object) as Stats;
  return Object.assign(stats, own, { mode: MODES[made.is], size }, times, ms);
}

function direntOf(name: string, parentPath: string, made: Made): Dirent {
  const stats = statsOf(made);
  const asks = [
    'isFile',
    'isDirectory',
    'isSymbolicLink',
    'isFIFO',
    'isSocket',
    'isBlockDevice',
    'isCharacterDevice',
  ];
  const answers = asks.map((ask) => [
    ask,
    () => (stats as unknown as Record<string, () => boolean>)[ask]?.() ?? false,
  ]);
  return { name, parentPath, path: parentPath, ...Object.fromEntries(answers) } as Dirent;
}

/** What is held by a rehearsal. */
export class Descriptors {
  readonly #held = new Map<number, Held>();

  /** A number for what was made. */
  open(path: string): number {
    const fd = real.openSync('/dev/null', 'r');
    this.#held.set(fd, { path, isMade: true, at: 0 });
    return fd;
  }

  of(fd: number): Held | undefined {
    return this.#held.get(fd);
  }

  close(fd: number): void {
    this.#held.delete(fd);
  }
}

export type Files = Readonly<Record<string, Callable>>;
type ReadOptions = { readonly encoding?: BufferEncoding } | BufferEncoding | null | undefined;

const textOf = (bytes: Buffer, options: ReadOptions): string | Buffer => {
  const encoding = typeof options === 'string' ? options : options?.encoding;
  return encoding ? bytes.toString(encoding) : Buffer.from(bytes);
};

/** The next bytes of what was made. */
export function readHeld(world: World, held: Held, most: number, at?: number): Buffer {
  const found = world.at(held.path);
  const bytes = found && 'made' in found && found.made.is === 'file' ? bytesOf(found.made) : Buffer.alloc(0);
  const from = at ?? held.at;
  const piece = bytes.subarray(from, from + most);
  if (at === undefined) held.at += piece.length;
  return piece;
}

/** A file that comes to be, or is emptied, by a call that only looks here is one that nobody has thought of. */
export function onlyOpens(name: string, flags: number): void {
  if (makesFile(flags)) throw unrehearsed(`${name} of a file that it makes or empties`);
}

/** What nobody has thought of is no rehearsal's to do: it might change something. */
export const unrehearsed = (what: string): Error =>
  new Error(`${what} has no rehearsal: whoever calls it must be given one (engine/deeds)`);

const flagOf = (options: unknown, name: 'flag' | 'flags'): number =>
  openFlags((typeof options === 'object' && options !== null && Object(options)[name]) || 'r');

/** Those that look. */
export function looks(world: World, fds: Descriptors): Files {
  const stat =
    (own: typeof fs.statSync) =>
    (path: PathLike, options?: { throwIfNoEntry?: boolean }): Stats | undefined => {
      const found = world.at(absolute(path));
      if (found && 'made' in found) return statsOf(found.made);
      if (found) return own(found.real === absolute(path) ? path : found.real, options) as Stats | undefined;
      if (options?.throwIfNoEntry === false) return undefined;
      throw fault('ENOENT', 'stat', String(path));
    };
  const heldFile = (fd: number) => {
    const held = fds.of(fd);
    return held?.isMade ? world.at(held.path) : undefined;
  };
  return {
    readSync(
      fd: number,
      into: Uint8Array,
      offset?: number | object | null,
      length?: number,
      position?: number | null,
    ) {
      const held = fds.of(fd);
      if (!held?.isMade)
        return real.readSync(fd, into, offset as number, length as number, position as number);
      const start = typeof offset === 'number' ? offset : 0;
      const piece = readHeld(world, held, length ?? into.length - start, position ?? undefined);
      into.set(piece, start);
      return piece.length;
    },
    createReadStream(path: PathLike, options?: object) {
      onlyOpens('createReadStream', flagOf(options, 'flags'));
      const found = world.at(absolute(path));
      if (String(path) === '' || !found || 'real' in found) return real.createReadStream(path, options);
      return Readable.from([found.made.is === 'file' ? bytesOf(found.made) : Buffer.alloc(0)]);
    },
    // node's own streams call it
    open(path: PathLike, given: string | number, ...more: unknown[]) {
      onlyOpens('open', openFlags(given));
      return (real.open as Callable)(path, given, ...more);
    },
    existsSync: (path: PathLike) => world.has(absolute(path)),
    statSync: stat(real.statSync),
    lstatSync: stat(real.lstatSync as typeof fs.statSync),
    fstatSync(fd: number, ...more: []) {
      const found = heldFile(fd);
      return found && 'made' in found ? statsOf(found.made) : real.fstatSync(fd, ...more);
    },
    accessSync(path: PathLike, mode?: number) {
      const found = world.at(absolute(path));
      if (found === undefined) throw fault('ENOENT', 'access', String(path));
      if ('real' in found) real.accessSync(found.real, mode);
    },
    readFileSync(path: PathLike | number, options?: ReadOptions) {
      onlyOpens('readFileSync', flagOf(options, 'flag'));
      const found = typeof path === 'number' ? heldFile(path) : world.at(absolute(path));
      if (typeof path === 'number' && !fds.of(path)) return real.readFileSync(path, options as never);
      if (found === undefined) throw fault('ENOENT', 'open', String(path));
      if ('real' in found) return real.readFileSync(found.real, options as never);
      if (found.made.is !== 'file') throw fault('EISDIR', 'read', String(path));
      return textOf(bytesOf(found.made), options);
    },
    readdirSync(path: PathLike, options?: { withFileTypes?: boolean; recursive?: boolean }) {
      const place = absolute(path);
      if (world.isUntouched(place)) return real.readdirSync(path, options as never);
      const names = world.namesIn(place);
      if (names === undefined) throw fault(world.has(place) ? 'ENOTDIR' : 'ENOENT', 'scandir', place);
      if (!options?.withFileTypes) return names;
      return names.map((name) => {
        const found = world.at(join(place, name));
        if (found && 'made' in found) return direntOf(name, place, found.made);
        const stats = real.lstatSync(found?.real ?? '/');
        const is = stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'link' : 'file';
        return direntOf(name, place, { is, pieces: [], target: '' } as Made);
      });
    },
    readlinkSync(path: PathLike, options?: never) {
      const found = world.at(absolute(path));
      if (found && 'real' in found) return real.readlinkSync(found.real, options);
      if (found?.made.is === 'link') return found.made.target;
      throw fault(found ? 'EINVAL' : 'ENOENT', 'readlink', String(path));
    },
    watch(path: PathLike, ...more: never[]) {
      const place = absolute(path);
      if (!world.has(place)) throw fault('ENOENT', 'watch', place);
      return real.watch(place, ...more);
    },
  };
}
