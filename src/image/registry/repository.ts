import { TinyrunError } from '../../errors.ts';
import { digestOf, Hasher } from '../digest.ts';
import { type Document, MAX_DOCUMENT, parseDocument, parseJson } from '../documents.ts';
import { type Reference, repositoryOf } from '../reference.ts';
import { type Descriptor, INDEX_TYPES, MANIFEST_TYPES } from '../types.ts';
import { type ClientOptions, Endpoint } from './endpoint.ts';
import { RETRY } from './retry.ts';
import { endpointsOf } from './settings.ts';
import { type HttpResponse, isSuccess, NOT_SATISFIABLE, readBody } from './transport.ts';

export interface FetchedDocument {
  readonly document: Document;
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** Of a mirror: there is another place to ask, so that nobody has to wait long for it. */
const MIRROR_ATTEMPTS = 2;
const ACCEPT = [...MANIFEST_TYPES, ...INDEX_TYPES].join(', ');
/** A document that a proxy packed on the way would not have the digest that it is asked for by. */
const DOCUMENT_HEADERS = { 'accept-encoding': 'identity' } as const;

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
        headers: { ...DOCUMENT_HEADERS, accept: ACCEPT },
        scope: this.scope(),
        signal,
      });
      if (!isSuccess(response.status)) throw await endpoint.refusal(response, what);
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
      headers: { ...DOCUMENT_HEADERS, accept: ACCEPT },
      scope: this.scope(),
      signal,
    } as const;
    const response = await this.upstream.send(request);
    response.body.resume();
    const digest = response.headers['docker-content-digest'];
    return isSuccess(response.status) && typeof digest === 'string' ? digest : undefined;
  }

  /**
   * The blob's bytes from `offset` on: 206, or another 2xx with the whole blob where ranges are not served; 416 where
   * the registry has no byte there.
   */
  async openBlob(digest: string, offset: number, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#firstToServe(async (endpoint) => {
      const target = `/v2/${this.path}/blobs/${digest}`;
      // a range of packed bytes would be another one; what cannot be had unpacked is refused by its digest
      const headers = { ...DOCUMENT_HEADERS, ...(offset > 0 && { range: `bytes=${offset}-` }) };
      const response = await endpoint.send({ method: 'GET', target, headers, scope: this.scope(), signal });
      if (isSuccess(response.status) || response.status === NOT_SATISFIABLE) return response;
      throw await endpoint.refusal(response, `blob ${digest}`);
    });
  }

  /** All tags, page by page. @throws TinyrunError REGISTRY for a list without end */
  async tags(signal?: AbortSignal): Promise<string[]> {
    const endpoint = this.upstream;
    const what = `tags of ${repositoryOf(this.reference)}`;
    const tags = new Set<string>();
    const asked = new Set<string>();
    let target: string | URL | undefined = `/v2/${this.path}/tags/list`;
    while (target !== undefined) {
      asked.add(String(target));
      const headers = DOCUMENT_HEADERS;
      const response = await endpoint.send({ method: 'GET', target, headers, scope: this.scope(), signal });
      if (!isSuccess(response.status)) throw await endpoint.refusal(response, what);
      for (const tag of parseTags(await readBody(response.body, MAX_DOCUMENT, what), what)) tags.add(tag);
      target = nextPage(response, endpoint);
      if (tags.size > MAX_TAGS || asked.size > MAX_PAGES || asked.has(String(target)))
        throw new TinyrunError('REGISTRY', `${what}: ${this.upstream.host} sends a list without end`);
    }
    return [...tags];
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

/** Ten times what the largest repositories have. */
const MAX_TAGS = 200_000;
const MAX_PAGES = 10_000;

function nextPage(response: HttpResponse, endpoint: Endpoint): URL | undefined {
  const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(response.headers.link ?? ''))?.[1];
  return next === undefined ? undefined : endpoint.locate(next, response.url);
}

const TAG = /^\w[\w.-]{0,127}$/;

function parseTags(bytes: Buffer, what: string): string[] {
  const { tags = null } = parseJson(bytes, what) as { tags?: unknown };
  if (tags === null) return [];
  const isTag = (tag: unknown) => typeof tag === 'string' && TAG.test(tag);
  if (Array.isArray(tags) && tags.every(isTag)) return tags as string[];
  throw new TinyrunError('REGISTRY', `${what}: the registry's answer is no list of tags`);
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
