import { createHash } from 'node:crypto';

/** `sha256:` and the digest of the bytes. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The digest of a stream, in the algorithm a digest names. */
export class Hasher {
  readonly #algorithm: string;
  readonly #hash;
  constructor(like = 'sha256:') {
    this.#algorithm = like.slice(0, like.indexOf(':'));
    this.#hash = createHash(this.#algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  digest(): string {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}
