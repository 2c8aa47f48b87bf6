import { TinyrunError } from '../../errors.ts';
import { digestOf, Hasher } from '../digest.ts';
import { type Document, MAX_DOCUMENT, parseDocument } from '../documents.ts';
import { type Reference, repositoryOf } from '../reference.ts';
import { type Descriptor, INDEX_TYPES, MANIFEST_TYPES } from '../types.ts';
import { type ClientOptions, Endpoint } from './endpoint.ts';
import { RETRY } from './retry.ts';
import { endpointsOf } from './settings.ts';
import { type HttpResponse, readBody } from './transport.ts';

export interface FetchedDocument {
  readonly document: Document;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Of a mirror: there is another place to ask, so that nobody has to wait long for it. */
const MIRROR_ATTEMPTS = 2;
const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ');

/** One repository of a registry, through its mirrors where it has some (distribution spec 1.1). */
export class Repository {
  readonly endpoints: readonly Endpoint[];
  readonly path: string;
  /** Mirrors that are out of order: what is asked next goes past them. */
  readonly #givenUp = new Set<Endpoint>();
  constructor(
    readonly reference: Pick<Reference, 'domain' | 'path'>,
    readonly options: ClientOptions = {},
  ) {
    this.path = reference.path;
    const retry = { ...(options.retry ?? RETRY), attempts: MIRROR_ATTEMPTS };
    this.endpoints = endpointsOf(reference.domain, options.env).map(
      (settings) => new Endpoint(settings, settings.mirror ? { ...options, retry } : options),
    );
  }

  close(): void {
    for (const endpoint of this.endpoints) endpoint.close();
  }

  /** The registry itself: pushes go there, mirrors only serve pulls. */
  get upstream(): Endpoint {
    const upstream = this.endpoints.at(-1);
    if (!upstream) throw new TinyrunError('INTERNAL', 'a registry without endpoints');
    return upstream;
  }

  /**
   * A manifest or index by tag or digest, checked against the digest where one is named.
   * @throws TinyrunError REGISTRY_NOT_FOUND, REGISTRY_DENIED, REGISTRY, DIGEST_MISMATCH, BAD_IMAGE
   */
  async fetchDocument(name: string, signal?: AbortSignal, expected?: Descriptor): Promise<FetchedDocument> {
    const what = `manifest ${repositoryOf(this.reference)}${name.includes(':') ? '@' : ':'}${name}`;
    return this.#firstToServe(async (endpoint) => {
      const target = `/v2/${this.path}/manifests/${name}`;
      const response = await endpoint.send({
        method: 'GET',
        target,
        headers: { accept: ACCEPT },
        scope: this.scope(),
        signal,
      });
      if (response.status !== 200) throw await endpoint.refusal(response, what);
      const bytes = await readBody(response.body, MAX_DOCUMENT, what);
      return checkDocument(bytes, response, name, what, expected);
    });
  }

  /** The digest a tag has, by HEAD; undefined when the registry does not say or has no such tag. */
  async headDigest(name: string, signal?: AbortSignal): Promise<string | undefined> {
    const target = `/v2/${this.path}/manifests/${name}`;
    const request = {
      method: 'HEAD',
      target,
      headers: { accept: ACCEPT },
      scope: this.scope(),
      signal,
    } as const;
    const response = await this.upstream.send(request);
    response.body.resume();
    const digest = response.headers['docker-content-digest'];
    return response.status === 200 && typeof digest === 'string' ? digest : undefined;
  }

  /** The blob's bytes from `offset` on: 206, or 200 with the whole blob where ranges are not served. */
  async openBlob(digest: string, offset: number, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#firstToServe(async (endpoint) => {
      const target = `/v2/${this.path}/blobs/${digest}`;
      const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const response = await endpoint.send({ method: 'GET', target, headers, scope: this.scope(), signal });
      if (response.status === 200 || response.status === 206) return response;
      throw await endpoint.refusal(response, `blob ${digest}`);
    });
  }

  /** All tags, page by page. */
  async tags(signal?: AbortSignal): Promise<string[]> {
    const endpoint = this.upstream;
    const tags: string[] = [];
    let target: string | URL | undefined = `/v2/${this.path}/tags/list`;
    while (target !== undefined) {
      const response = await endpoint.send({ method: 'GET', target, scope: this.scope(), signal });
      if (response.status !== 200)
        throw await endpoint.refusal(response, `tags of ${repositoryOf(this.reference)}`);
      const body = await readBody(response.body, MAX_DOCUMENT, 'list of tags');
      tags.push(...((JSON.parse(body.toString('utf8')) as { tags?: string[] | null }).tags ?? []));
      const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(response.headers.link ?? ''))?.[1];
      target = next === undefined ? undefined : endpoint.locate(next, response.url);
    }
    return tags;
  }

  scope(actions = 'pull'): string {
    return `repository:${this.path}:${actions}`;
  }

  /** A mirror that cannot serve is no failure while there is another place to ask. */
  async #firstToServe<T>(ask: (endpoint: Endpoint) => Promise<T>): Promise<T> {
    for (const endpoint of this.endpoints) {
      if (this.#givenUp.has(endpoint)) continue;
      try {
        return await ask(endpoint);
      } catch (error) {
        const refused = error instanceof TinyrunError && error.code.startsWith('REGISTRY');
        if (!endpoint.mirror || !refused) throw error;
        if (error.code === 'REGISTRY') this.#givenUp.add(endpoint);
      }
    }
    throw new TinyrunError('INTERNAL', 'a registry without endpoints');
  }
}

function checkDocument(
  bytes: Buffer,
  response: HttpResponse,
  name: string,
  what: string,
  expected?: Descriptor,
): FetchedDocument {
  const wanted = name.includes(':') ? name : undefined;
  const digest = digestOf(bytes);
  const said = response.headers['docker-content-digest'];
  const got = wanted === undefined ? undefined : digestLike(wanted, bytes);
  if (got !== wanted) throw new TinyrunError('DIGEST_MISMATCH', `${what}: its digest is ${got}`);
  if (typeof said === 'string' && said.startsWith('sha256:') && said !== digest)
    throw new TinyrunError(
      'DIGEST_MISMATCH',
      `${what}: the registry says its digest is ${said}, but it is ${digest}`,
    );
  if (expected && expected.size !== bytes.length)
    throw new TinyrunError(
      'DIGEST_MISMATCH',
      `${what}: it has ${bytes.length} bytes, its index says ${expected.size}`,
    );
  const sentAs = response.headers['content-type']?.split(';')[0]?.trim();
  const document = parseDocument(bytes, what, sentAs);
  if (expected && document.mediaType !== expected.mediaType)
    throw new TinyrunError(
      'BAD_IMAGE',
      `${what}: it is ${document.mediaType}, its index says ${expected.mediaType}`,
    );
  return { document, bytes, descriptor: { mediaType: document.mediaType, digest, size: bytes.length } };
}

/** The digest in the algorithm of another one. */
function digestLike(like: string, bytes: Buffer): string {
  const hasher = new Hasher(like);
  hasher.update(bytes);
  return hasher.digest();
}
