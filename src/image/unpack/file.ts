import { native } from '../../native/index.ts';
import type { Extent, TarEntry } from '../tar/header.ts';
import { applyXattrs, type Ownership } from './attributes.ts';

/** One regular file being written: created anew, never opened, so that nothing that exists is written through. */
export class FileWriter {
  #extents: Iterator<Extent> | undefined;
  #extent = { offset: 0, left: 0 };

  /** Throws EEXIST when the name is taken. */
  static create(dir: number, base: string, entry: TarEntry, owner: Ownership): FileWriter {
    const fd = native().createFile(dir, base, entry.mode & 0o777);
    return new FileWriter(fd, entry, owner);
  }

  private constructor(
    readonly fd: number,
    readonly entry: TarEntry,
    readonly owner: Ownership,
  ) {
    this.#extents = entry.sparse?.extents[Symbol.iterator]();
  }

  write(bytes: Buffer): void {
    if (this.#extents) this.#writeSparse(bytes);
    else this.#writePlain(bytes);
  }

  #writePlain(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; )
      done += native().write(this.fd, done === 0 ? bytes : bytes.subarray(done));
  }

  /** Data fills the extents in order; the holes between them are never written. */
  #writeSparse(bytes: Buffer): void {
    for (let done = 0; done < bytes.length; ) {
      if (this.#extent.left === 0 && !this.#nextExtent()) return;
      const length = Math.min(this.#extent.left, bytes.length - done);
      const written = native().pwrite(this.fd, bytes.subarray(done, done + length), this.#extent.offset);
      this.#extent = { offset: this.#extent.offset + written, left: this.#extent.left - written };
      done += written;
    }
  }

  #nextExtent(): boolean {
    const next = this.#extents?.next();
    if (!next || next.done) return false;
    this.#extent = { offset: next.value.offset, left: next.value.length };
    return true;
  }

  /** The file's attributes, after its data: a write clears setuid and moves the time. */
  close(): void {
    const { entry, fd, owner } = this;
    try {
      if (entry.sparse) native().ftruncate(fd, entry.sparse.length);
      if (needsChown(entry, owner)) native().fchownat(fd, '', entry.uid, entry.gid);
      if (needsChmod(entry, owner)) native().fchmodat(fd, '', entry.mode);
      if (entry.xattrs) applyXattrs(fd, '', entry.xattrs, owner);
      native().utimensat(fd, '', entry.atimeNs, entry.mtimeNs);
    } finally {
      native().close(fd);
    }
  }

  abandon(): void {
    native().close(this.fd);
  }
}

const needsChown = (entry: TarEntry, owner: Ownership): boolean =>
  !owner.rootless && (owner.always || entry.uid !== 0 || entry.gid !== 0);

/** open(2) took the mode but for the umask and the high bits. */
const needsChmod = (entry: TarEntry, owner: Ownership): boolean =>
  (entry.mode & 0o7000) !== 0 || (entry.mode & owner.umask) !== 0;
