import { readSync } from 'node:fs';

const PIECE = 256 * 1024;

/**
 * A file that somebody else is still writing: read as far as it has got, then waits to be told of more. It is how a
 * layer is unpacked while it downloads: the partial blob itself is the buffer between the two.
 */
export class Tail {
  #available = 0;
  #done = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** So many bytes are in the file by now. */
  grow(available: number): void {
    this.#available = Math.max(this.#available, available);
    this.#wake?.();
  }

  /** The file is whole. */
  end(): void {
    this.#done = true;
    this.#wake?.();
  }

  /** The file will not be whole: reading throws this. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  async *read(fd: number): AsyncGenerator<Buffer> {
    for (let at = 0; ; ) {
      if (this.#failure) throw this.#failure;
      if (at < this.#available) {
        const piece = Buffer.allocUnsafe(Math.min(PIECE, this.#available - at));
        const length = readSync(fd, piece, 0, piece.length, at);
        at += length;
        yield piece.subarray(0, length);
      } else if (this.#done) return;
      else await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
