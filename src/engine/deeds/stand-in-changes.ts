import { constants, type PathLike } from 'node:fs';
import { dirname } from 'node:path';
import { realFs as real } from './real.ts';
import { type Descriptors, type Files, fault } from './stand-in-files.ts';
import { absolute, openFlags } from './tellings.ts';
import { bytesOf, content, type World } from './world.ts';

// What of node:fs changes something, done to the world of a rehearsal; it fails as the kernel would.

export function changes(world: World, fds: Descriptors): Files {
  const inDirectory = (path: string, syscall: string): void => {
    if (!world.isDirectory(dirname(path))) throw fault('ENOENT', syscall, path);
  };
  const absent = (path: string, syscall: string): void => {
    inDirectory(path, syscall);
    if (world.find(path)) throw fault('EEXIST', syscall, path);
  };
  const present = (path: string, syscall: string): void => {
    if (!world.find(path)) throw fault('ENOENT', syscall, path);
  };
  const add = (path: string, data: string | Uint8Array, from?: number): number => {
    const file = world.fileAt(path);
    const bytes = Buffer.from(data as Uint8Array);
    file.pieces = from === undefined ? [...file.pieces, bytes] : [bytesOf(file).subarray(0, from), bytes];
    return bytes.length;
  };
  const pathOf = (path: PathLike | number): string =>
    typeof path === 'number' ? (fds.of(path)?.path ?? `/proc/self/fd/${path}`) : absolute(path);
  const nothing = (): void => undefined;
  const unlink = (path: PathLike): void => {
    present(absolute(path), 'unlink');
    world.remove(absolute(path));
  };
  return {
    mkdirSync(path: PathLike, options?: { recursive?: boolean } | number) {
      const place = absolute(path);
      const isDeep = typeof options === 'object' && options?.recursive === true;
      if (isDeep && world.isDirectory(place)) return undefined;
      if (!isDeep) absent(place, 'mkdir');
      for (let above = place; !world.has(above); above = dirname(above))
        world.make(above, { is: 'directory' });
      return place;
    },
    mkdtempSync(prefix: string) {
      world.make(absolute(`${prefix}XXXXXX`), { is: 'directory' });
      return `${prefix}XXXXXX`;
    },
    rmdirSync(path: PathLike) {
      const place = absolute(path);
      present(place, 'rmdir');
      if ((world.namesIn(place) ?? []).length > 0) throw fault('ENOTEMPTY', 'rmdir', place);
      world.remove(place);
    },
    unlinkSync: unlink,
    rmSync(path: PathLike, options?: { force?: boolean }) {
      if (world.find(absolute(path)) || !options?.force) unlink(path);
    },
    renameSync(from: PathLike, to: PathLike) {
      present(absolute(from), 'rename');
      inDirectory(absolute(to), 'rename');
      if (world.isDirectory(absolute(from)) && (world.namesIn(absolute(to)) ?? []).length > 0)
        throw fault('ENOTEMPTY', 'rename', absolute(to));
      world.move(absolute(from), absolute(to));
    },
    symlinkSync(target: PathLike, path: PathLike) {
      absent(absolute(path), 'symlink');
      world.make(absolute(path), { is: 'link', target: String(target) });
    },
    openSync(path: PathLike, given?: string | number) {
      const again = fds.of(Number(/^\/proc\/self\/fd\/(\d+)$/.exec(String(path))?.[1]));
      const place = again?.isMade ? again.path : absolute(path);
      const found = world.find(place);
      const flags = openFlags(given);
      const { O_CREAT, O_EXCL, O_TRUNC } = constants;
      if (found && flags & O_EXCL && flags & O_CREAT) throw fault('EEXIST', 'open', place);
      if (!found && !(flags & O_CREAT)) throw fault('ENOENT', 'open', place);
      if (!found) inDirectory(place, 'open');
      if (found && 'real' in found && !(flags & O_TRUNC))
        return real.openSync(found.real, flags & ~(O_CREAT | O_EXCL));
      if (!found || flags & O_TRUNC) world.make(place, content());
      return fds.open(place);
    },
    closeSync(fd: number) {
      fds.close(fd);
      real.closeSync(fd);
    },
    writeSync(fd: number, data: string | Uint8Array, offset?: number | null, length?: number) {
      // what is told and answered
      if (fd <= 2) return real.writeSync(fd, data as Uint8Array, offset, length);
      const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data).subarray(offset ?? 0);
      const piece = typeof data === 'string' || length === undefined ? bytes : bytes.subarray(0, length);
      const held = fds.of(fd);
      return held?.isMade ? add(held.path, piece) : piece.length;
    },
    writevSync: (_fd: number, buffers: readonly Uint8Array[]) =>
      buffers.reduce((sum, { length }) => sum + length, 0),
    writeFileSync(path: PathLike | number, data: string | Uint8Array, options?: { flag?: string }) {
      const place = pathOf(path);
      inDirectory(place, 'open');
      if (options?.flag?.includes('x')) absent(place, 'open');
      world.make(place, content());
      add(place, data);
    },
    appendFileSync: (path: PathLike | number, data: string | Uint8Array) => {
      inDirectory(pathOf(path), 'open');
      add(pathOf(path), data);
    },
    truncateSync: (path: PathLike) => add(absolute(path), '', 0),
    ftruncateSync: nothing,
    chmodSync: (path: PathLike) => present(absolute(path), 'chmod'),
    fchmodSync: nothing,
    chownSync: (path: PathLike) => present(absolute(path), 'chown'),
    linkSync: (_from: PathLike, path: PathLike) => absent(absolute(path), 'link'),
    fsyncSync: nothing,
    fdatasyncSync: nothing,
    fsync: (_fd: number, done: (error: null) => void) => setImmediate(() => done(null)),
  };
}
