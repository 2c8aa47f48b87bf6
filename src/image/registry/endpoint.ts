import { errnoOf, TinyrunError } from '../../errors.ts';
import { Authenticator, type Scope } from './auth.ts';
import { CredentialStore, type Credentials } from './credentials.ts';
import { isReset, isTemporary, pause, RETRY, type RetryPolicy } from './retry.ts';
import { certificatesOf, type EndpointSettings } from './settings.ts';
import { type HttpRequest, type HttpResponse, readBody, Transport } from './transport.ts';

export interface ClientOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly retry?: RetryPolicy;
  /** Default 60 seconds. */
  readonly idleMs?: number;
  /** Where credentials come from; default: Docker's config.json. */
  readonly credentials?: (host: string) => Promise<Credentials | undefined>;
}

/** A request by path below an origin, or by the absolute URL a registry gave (an upload's Location). */
export interface RegistryRequest extends Omit<HttpRequest, 'url'> {
  readonly target: string | URL;
  readonly scope: Scope;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** https was not spoken at the other end, or a proxy makes no tunnels. */
const NO_TLS = new Set(['EPROTO', 'ECONNREFUSED', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ECONNRESET', 'EPROXY']);

/**
 * One origin that serves a registry: adds authentication, retries and redirects to single requests. Credentials
 * belong to the origin: a redirect elsewhere goes without them, and a challenge from elsewhere is not answered
 * (CVE-2020-15157). From https nothing leads to http.
 */
export class Endpoint {
  readonly host: string;
  readonly mirror: boolean;
  readonly #transport: Transport;
  readonly #auth: Authenticator;
  readonly #retry: RetryPolicy;
  #origins: string[];

  constructor(settings: EndpointSettings, options: ClientOptions = {}) {
    this.host = settings.host;
    this.mirror = settings.mirror;
    this.#origins = [...settings.origins];
    this.#retry = options.retry ?? RETRY;
    this.#transport = new Transport({
      insecure: settings.insecure,
      certificates: () => certificatesOf(settings.host, options.env),
      idleMs: options.idleMs ?? 60_000,
      ...(options.env && { env: options.env }),
    });
    const lookUp = options.credentials ?? defaultCredentials(options.env);
    this.#auth = new Authenticator(settings.host, (request) => this.#transport.send(request), lookUp);
  }

  close(): void {
    this.#transport.close();
  }

  /** Sends until an answer that another attempt would not change; the caller reads or destroys its body. */
  async send(request: RegistryRequest): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= this.#retry.attempts;
      try {
        const response = await this.#authenticated(request);
        if (last || !isTemporary(response.status)) return response;
        response.body.resume();
        await pause(this.#retry, attempt, response, request.signal);
      } catch (error) {
        if (last || request.signal?.aborted || !isReset(error)) throw this.#explain(error);
        await pause(this.#retry, attempt, undefined, request.signal);
      }
    }
  }

  /** One attempt, and a second one when the first was answered with a challenge. */
  async #authenticated(request: RegistryRequest): Promise<HttpResponse> {
    for (let challenged = false; ; challenged = true) {
      const response = await this.#redirected(request);
      const ours = response.url.origin === this.#origin().origin;
      if (response.status !== 401 || !ours || challenged) return response;
      if (!(await this.#auth.challenged(response, request.scope))) return response;
      response.body.resume();
    }
  }

  async #redirected(request: RegistryRequest): Promise<HttpResponse> {
    let response = await this.#first(request);
    for (let hops = 0; isRedirect(request, response); hops++) {
      if (hops === MAX_REDIRECTS)
        throw new TinyrunError('REGISTRY', `${this.host} redirects more than ${MAX_REDIRECTS} times`);
      const url = nextUrl(response);
      response.body.resume();
      response = await this.#transport.send(await this.#request(request, url));
    }
    return response;
  }

  /** The first request tells which origin speaks: an insecure registry may know http only. */
  async #first(request: RegistryRequest): Promise<HttpResponse> {
    for (;;) {
      const tried = this.#origins[0] ?? '';
      try {
        const response = await this.#transport.send(await this.#request(request, this.#url(request.target)));
        this.#origins = [tried];
        return response;
      } catch (error) {
        if (!NO_TLS.has(errnoOf(error) ?? '')) throw error;
        // Another request may have found out meanwhile.
        if (this.#origins[0] === tried && this.#origins.shift() && this.#origins.length === 0) {
          this.#origins = [tried];
          throw error;
        }
      }
    }
  }

  async #request(request: RegistryRequest, url: URL): Promise<HttpRequest> {
    const { method, body, signal, scope } = request;
    const ours = url.origin === this.#origin().origin;
    const authorization = ours ? await this.#auth.header(scope, signal) : undefined;
    const headers = { ...request.headers, ...(authorization !== undefined && { authorization }) };
    return { method, url, headers, ...(body && { body }), signal };
  }

  #origin(): URL {
    return new URL(this.#origins[0] ?? '');
  }

  #url(target: string | URL): URL {
    return target instanceof URL ? target : new URL((this.#origins[0] ?? '') + target);
  }

  /** The URL a Location header means; it may be relative. */
  locate(location: string, base: URL): URL {
    const url = new URL(location, base);
    checkDowngrade(base, url);
    return url;
  }

  #explain(error: unknown): unknown {
    if (error instanceof TinyrunError || (error as Error).name === 'AbortError') return error;
    const { code, message } = error as NodeJS.ErrnoException;
    const text = `cannot reach registry ${this.host}: ${message || code}`;
    if (
      code === 'DEPTH_ZERO_SELF_SIGNED_CERT' ||
      code === 'SELF_SIGNED_CERT_IN_CHAIN' ||
      code?.startsWith('UNABLE_TO_')
    )
      return new TinyrunError(
        'REGISTRY',
        `${text} (its certificate is signed by no authority that is known here)`,
        {
          cause: error,
          hint: `put the authority's certificate into /etc/docker/certs.d/${this.host}/ca.crt, or mark the registry insecure in registries.json`,
        },
      );
    return new TinyrunError('REGISTRY', text, { cause: error });
  }

  /** The error an unexpected answer means, with what the registry said. */
  async refusal(response: HttpResponse, what: string): Promise<TinyrunError> {
    const body = await readBody(response.body, 64 << 10, 'error').catch(() => Buffer.alloc(0));
    if (response.status === 407)
      return new TinyrunError('REGISTRY', `${what}: the proxy wants another user name or password (407)`);
    const said = errorText(body);
    const text = `${what}: ${this.host} answered ${response.status}${said && `: ${said}`}`;
    if (response.status === 404) return new TinyrunError('REGISTRY_NOT_FOUND', text);
    if (response.status !== 401 && response.status !== 403) return new TinyrunError('REGISTRY', text);
    const why = await this.#auth.whyAnonymous();
    return new TinyrunError('REGISTRY_DENIED', `${text}${why === undefined ? '' : ` (${why})`}`);
  }
}

function defaultCredentials(env: NodeJS.ProcessEnv | undefined) {
  return (host: string) => new CredentialStore(env).get(host);
}

const isRedirect = ({ method }: RegistryRequest, { status, headers }: HttpResponse): boolean =>
  (method === 'GET' || method === 'HEAD') && REDIRECTS.has(status) && headers.location !== undefined;

function nextUrl(response: HttpResponse): URL {
  const url = new URL(response.headers.location ?? '', response.url);
  checkDowngrade(response.url, url);
  return url;
}

function checkDowngrade(from: URL, to: URL): void {
  const spoken = to.protocol === 'https:' || to.protocol === 'http:';
  if (!spoken || (from.protocol === 'https:' && to.protocol === 'http:'))
    throw new TinyrunError(
      'REGISTRY',
      `${from.host} redirects from https to ${to.protocol.slice(0, -1)} (${to.host}), which is not followed`,
    );
}

/** The registry's own words, on one line: codes and messages of the distribution spec's error object. */
function errorText(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString('utf8')) as {
      errors?: { code?: string; message?: string }[];
    };
    const lines = (errors ?? []).map(({ code, message }) => [code, message].filter(Boolean).join(': '));
    return printable(lines.join('; '));
  } catch {
    return '';
  }
}

const printable = (text: string): string => text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 300);
