import { closeSync, openSync, readSync } from 'node:fs';
import { TinyrunError } from '../../errors.ts';
import type { Descriptor } from '../types.ts';
import type { Endpoint } from './endpoint.ts';
import type { Repository } from './repository.ts';
import { isReset, pause, RETRY } from './retry.ts';
import { type HttpResponse, isSuccess, NOT_SATISFIABLE } from './transport.ts';

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Another repository of the registry that has the blob: it is mounted from there where the registry can. */
  readonly mountFrom?: string | undefined;
  readonly onBytes?: (sent: number) => void;
  /** Bytes of one PATCH, default 32 MiB. */
  readonly chunkSize?: number;
}

const CHUNK = 32 << 20;
/** How often a registry may say that it stands elsewhere. */
const MAX_CORRECTIONS = 8;
const PIECE = 256 << 10;

/** How a blob got there. */
export type Uploaded = 'exists' | 'mounted' | 'pushed';

/**
 * Brings a stored blob into a repository: nothing is sent when it is there, or can be mounted from another
 * repository; else it goes in chunks, each repeated from where the registry says it stands.
 * @throws TinyrunError REGISTRY, REGISTRY_DENIED
 */
export async function uploadBlob(
  repository: Repository,
  path: string,
  blob: Descriptor,
  options: UploadOptions,
): Promise<Uploaded> {
  const upload = new Upload(repository, path, blob, options);
  if (await upload.exists()) return 'exists';
  if (await upload.begin()) return 'mounted';
  await upload.send();
  return 'pushed';
}

/**
 * Makes a blob of another repository of the registry known in this one, without sending it.
 * @throws TinyrunError REGISTRY when the registry does not mount
 */
export async function mountBlob(repository: Repository, blob: Descriptor, from: string): Promise<void> {
  const upload = new Upload(repository, '', blob, { mountFrom: from });
  if ((await upload.exists()) || (await upload.begin())) return;
  throw new TinyrunError(
    'REGISTRY',
    `blob ${blob.digest}: ${repository.upstream.host} does not mount it from ${from}`,
  );
}

class Upload {
  readonly #endpoint: Endpoint;
  readonly #scope: string;
  #location: URL | undefined;
  #chunk: number;
  #corrections = 0;

  constructor(
    readonly repository: Repository,
    readonly path: string,
    readonly blob: Descriptor,
    readonly options: UploadOptions,
  ) {
    this.#endpoint = repository.upstream;
    const from = options.mountFrom;
    this.#scope = [repository.scope('pull,push'), ...(from ? [`repository:${from}:pull`] : [])].join(' ');
    this.#chunk = options.chunkSize ?? CHUNK;
  }

  get #common() {
    return { scope: this.#scope, signal: this.options.signal };
  }

  async exists(): Promise<boolean> {
    const target = `/v2/${this.repository.path}/blobs/${this.blob.digest}`;
    const response = await this.#endpoint.send({ method: 'HEAD', target, ...this.#common });
    response.body.resume();
    return isSuccess(response.status);
  }

  /** Opens an upload; true when the registry mounted the blob instead (201). */
  async begin(): Promise<boolean> {
    const { mountFrom } = this.options;
    const query = mountFrom ? `?${new URLSearchParams({ mount: this.blob.digest, from: mountFrom })}` : '';
    const target = `/v2/${this.repository.path}/blobs/uploads/${query}`;
    const headers = { 'content-length': '0' };
    const response = await this.#endpoint.send({ method: 'POST', target, headers, ...this.#common });
    if (response.status === 201) {
      response.body.resume();
      return true;
    }
    if (!isSuccess(response.status))
      throw await this.#endpoint.refusal(response, `upload of ${this.blob.digest}`);
    this.#chunk = Math.max(this.#chunk, Number(response.headers['oci-chunk-min-length'] ?? 0));
    this.#follow(response);
    return false;
  }

  async send(): Promise<void> {
    const policy = this.repository.options.retry ?? RETRY;
    for (let at = 0, failures = 0; at < this.blob.size; ) {
      try {
        at = await this.#patch(at);
        failures = 0;
        this.options.onBytes?.(at);
      } catch (error) {
        if (
          this.options.signal?.aborted ||
          !isReset((error as Error).cause ?? error) ||
          ++failures >= policy.attempts
        )
          throw error;
        await pause(policy, failures, undefined, this.options.signal);
        at = await this.#standing();
      }
    }
    await this.#finish();
  }

  /** One chunk; answers where the next begins. */
  async #patch(from: number): Promise<number> {
    const end = Math.min(from + this.#chunk, this.blob.size);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-length': String(end - from),
      'content-range': `${from}-${end - 1}`,
    };
    const body = () => readRange(this.path, from, end, this.options.onBytes);
    const response = await this.#endpoint.send({
      method: 'PATCH',
      target: this.#where(),
      headers,
      body,
      ...this.#common,
    });
    if (response.status === NOT_SATISFIABLE || response.status === 404) return this.#elsewhere(response);
    if (!isSuccess(response.status))
      throw await this.#endpoint.refusal(response, `upload of ${this.blob.digest}`);
    this.#follow(response);
    return end;
  }

  /** The registry stands elsewhere than we do: it took less, or has what an answer that was lost told us. */
  async #elsewhere(response: HttpResponse): Promise<number> {
    if (++this.#corrections > MAX_CORRECTIONS)
      throw await this.#endpoint.refusal(response, `upload of ${this.blob.digest}`);
    response.body.resume();
    return this.#standing();
  }

  /** What the registry has of it after a failure: `Range: 0-LAST`. */
  async #standing(): Promise<number> {
    const response = await this.#endpoint.send({ method: 'GET', target: this.#where(), ...this.#common });
    if (response.status === 404) return this.#anew(response);
    if (!isSuccess(response.status))
      throw await this.#endpoint.refusal(response, `upload of ${this.blob.digest}`);
    this.#follow(response);
    return Math.min(standsAt(response) ?? 0, this.blob.size);
  }

  /** The registry has lost the upload (it was restarted, or cleaned up): another one, from the first byte on. */
  async #anew(response: HttpResponse): Promise<number> {
    response.body.resume();
    if (++this.#corrections > MAX_CORRECTIONS)
      throw new TinyrunError('REGISTRY', `upload of ${this.blob.digest}: ${this.#endpoint.host} loses it`);
    this.#location = undefined;
    await this.begin();
    return 0;
  }

  async #finish(): Promise<void> {
    const target = new URL(this.#where());
    target.searchParams.set('digest', this.blob.digest);
    const headers = { 'content-length': '0' };
    const response = await this.#endpoint.send({ method: 'PUT', target, headers, ...this.#common });
    if (!isSuccess(response.status))
      throw await this.#endpoint.refusal(response, `upload of ${this.blob.digest}`);
    response.body.resume();
  }

  #where(): URL {
    if (!this.#location)
      throw new TinyrunError('REGISTRY', `${this.#endpoint.host} opened an upload without a Location`);
    return this.#location;
  }

  #follow(response: HttpResponse): void {
    const { location } = response.headers;
    if (location !== undefined) this.#location = this.#endpoint.locate(location, response.url);
    response.body.resume();
  }
}

/** `Range: 0-LAST` of an answer; some write 0-0 where there is nothing. */
function standsAt(response: HttpResponse): number | undefined {
  const last = /^(?:bytes=)?0-(\d+)$/.exec(String(response.headers.range ?? ''))?.[1];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

async function* readRange(
  path: string,
  from: number,
  end: number,
  onBytes?: (sent: number) => void,
): AsyncGenerator<Buffer> {
  const fd = openSync(path, 'r');
  try {
    for (let at = from; at < end; ) {
      const piece = Buffer.allocUnsafe(Math.min(PIECE, end - at));
      const length = readSync(fd, piece, 0, piece.length, at);
      if (length === 0) throw new TinyrunError('STORE_DAMAGED', `${path} is shorter than it was`);
      at += length;
      yield piece.subarray(0, length);
      onBytes?.(at);
    }
  } finally {
    closeSync(fd);
  }
}

/** Stores a manifest or index under a tag or digest; answers its digest as the registry says it. */
export async function putManifest(
  repository: Repository,
  name: string,
  bytes: Uint8Array,
  mediaType: string,
  signal?: AbortSignal,
): Promise<void> {
  const endpoint = repository.upstream;
  const target = `/v2/${repository.path}/manifests/${name}`;
  const headers = { 'content-type': mediaType, 'content-length': String(bytes.length) };
  const scope = repository.scope('pull,push');
  const response = await endpoint.send({
    method: 'PUT',
    target,
    headers,
    body: () => Buffer.from(bytes),
    scope,
    signal,
  });
  if (!isSuccess(response.status))
    throw await endpoint.refusal(response, `manifest ${repository.path}:${name}`);
  response.body.resume();
}
