import * as http from 'node:http';
import type { SecureContext } from 'node:tls';
import { TinyrunError } from '../../errors.ts';
import { proxyAuthorization, proxyFor } from './proxy.ts';
import type { Certificates } from './settings.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A factory, since a retry sends it again. */
  readonly body?: () => Buffer | AsyncIterable<Buffer>;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly url: URL;
  readonly body: http.IncomingMessage;
}

export interface TransportOptions {
  readonly insecure: boolean;
  readonly certificates: () => Certificates;
  /** A peer that sends nothing for so long is given up, in milliseconds. */
  readonly idleMs: number;
  readonly env?: NodeJS.ProcessEnv;
}

const AGENT = { keepAlive: true, maxSockets: 6 } as const;

/** Sends single requests over node:http and node:https: no redirects, no credentials, no retries of its own. */
export class Transport {
  #plain: http.Agent | undefined;
  #tunnels: http.Agent | undefined;
  #tls: Promise<TlsSide> | undefined;
  constructor(readonly options: TransportOptions) {}

  async send(request: HttpRequest): Promise<HttpResponse> {
    const options = await this.#requestOptions(request);
    const outgoing = options.module.request(options.target, options.request);
    const response = answer(outgoing, request, this.options.idleMs);
    await sendBody(outgoing, request.body?.());
    const body = await response;
    return { status: body.statusCode ?? 0, headers: body.headers, url: request.url, body };
  }

  /** Closes idle connections, so that the process can end. */
  close(): void {
    this.#plain?.destroy();
    this.#tunnels?.destroy();
    this.#tls?.then(({ agent }) => agent.destroy());
  }

  async #requestOptions(request: HttpRequest) {
    const { url, method, signal } = request;
    const proxy = proxyFor(url, this.options.env);
    const headers = { 'user-agent': 'tinyrun', ...request.headers };
    // As an option it counts while connecting too; request.setTimeout() would only begin once that has happened.
    const common = { method, headers, timeout: this.options.idleMs, ...(signal && { signal }) };
    if (url.protocol === 'https:') {
      this.#tls ??= createTls(this.options);
      const { module, agent, options } = await this.#tls;
      const through = proxy ? await this.#tunnel(proxy) : agent;
      return { module, target: url, request: { ...common, agent: through, ...options } };
    }
    this.#plain ??= new http.Agent(AGENT);
    const plain = { ...common, agent: this.#plain };
    if (!proxy) return { module: http, target: url, request: plain };
    const path = url.origin + url.pathname + url.search;
    const told = { ...headers, host: url.host, ...proxyAuthorization(proxy) };
    // By its origin: of a URL with a password node would make an Authorization header, for the registry to read.
    return { module: http, target: new URL(proxy.origin), request: { ...plain, path, headers: told } };
  }

  /** One for all: the environment names one proxy for https. */
  async #tunnel(proxy: URL): Promise<http.Agent> {
    const { TunnelAgent } = await import('./tunnel.ts');
    this.#tunnels ??= new TunnelAgent(proxy, this.options.idleMs, AGENT);
    return this.#tunnels;
  }
}

interface TlsSide {
  module: typeof import('node:https');
  agent: http.Agent;
  options: TlsOptions;
}

interface TlsOptions {
  rejectUnauthorized: boolean;
  secureContext?: SecureContext;
}

/** Loaded when the first https URL is met: node:tls costs more than a request. */
async function createTls({ insecure, certificates }: TransportOptions): Promise<TlsSide> {
  const module = await import('node:https');
  const options: TlsOptions = { rejectUnauthorized: !insecure };
  const { ca, cert, key } = certificates();
  if (ca.length > 0 || cert !== undefined) {
    const tls = await import('node:tls');
    options.secureContext = tls.createSecureContext({
      ca: [...tls.rootCertificates, ...ca],
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  }
  return { module, agent: new module.Agent(AGENT), options };
}

function answer(
  request: http.ClientRequest,
  { url }: HttpRequest,
  idleMs: number,
): Promise<http.IncomingMessage> {
  request.on('timeout', () => {
    const stalled = new Error(`${url.host} sent nothing for ${Math.round(idleMs / 1000)} seconds`);
    request.destroy(Object.assign(stalled, { code: 'ETIMEDOUT' }));
  });
  return new Promise((resolve, reject) => {
    request.once('response', resolve);
    request.on('error', reject);
  });
}

/** A peer that answers before it has read the body (401, 413) ends the sending, not the request. */
async function sendBody(
  request: http.ClientRequest,
  body: Buffer | AsyncIterable<Buffer> | undefined,
): Promise<void> {
  if (body === undefined || Buffer.isBuffer(body)) {
    request.end(body);
    return;
  }
  let ended = false;
  for (const event of ['response', 'error', 'close'] as const) request.once(event, () => (ended = true));
  for await (const chunk of body) {
    if (ended) break;
    if (!request.write(chunk)) await drained(request);
  }
  request.end();
}

function drained(request: http.ClientRequest): Promise<void> {
  const events = ['drain', 'response', 'error', 'close'] as const;
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) request.off(event, done);
      resolve();
    };
    for (const event of events) request.on(event, done);
  });
}

/** RFC 9110: the range that was asked for is not there. */
export const NOT_SATISFIABLE = 416;
export const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/** For a small document, whose sender may never be silent long enough for `idleMs`: a byte at a time. */
const DOCUMENT_MS = 300_000;

/** A response's body, at most `limit` bytes. */
export async function readBody(body: http.IncomingMessage, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  const late = new TinyrunError('REGISTRY', `${what}: not whole after ${DOCUMENT_MS / 1000} seconds`);
  const timer = setTimeout(() => body.destroy(late), DOCUMENT_MS);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) {
        body.destroy();
        throw new TinyrunError('BAD_IMAGE', `${what}: more than ${limit} bytes`);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}
