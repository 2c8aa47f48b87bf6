import { readSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';

const PIECE = 128 * 1024;

/**
 * A file that somebody else is still writing: read as far as it has got, then waits to be told of more. It is how a
 * layer is unpacked while it downloads: the partial blob itself is the buffer between the two.
 */
export class Tail {
  #available = 0;
  #done = false;
  #failure: Error | undefined;
  /** A reader that was given up may still wait beside the one that reads anew. */
  #waiting: (() => void)[] = [];

  /** So many bytes are in the file by now. */
  grow(available: number): void {
    this.#available = Math.max(this.#available, available);
    this.#wake();
  }

  /** The file is whole. */
  end(): void {
    this.#done = true;
    this.#wake();
  }

  /** The file will not be whole: reading throws this. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake();
  }

  /** Each piece is valid until the next is asked for. */
  async *read(fd: number): AsyncGenerator<Buffer> {
    const piece = Buffer.allocUnsafeSlow(PIECE);
    for (let at = 0; ; ) {
      if (this.#failure) throw this.#failure;
      if (at < this.#available) {
        const length = readSync(fd, piece, 0, Math.min(PIECE, this.#available - at), at);
        if (length === 0)
          throw new TinyrunError('STORE_DAMAGED', 'a blob became shorter while it was unpacked');
        at += length;
        yield piece.subarray(0, length);
      } else if (this.#done) return;
      else await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
