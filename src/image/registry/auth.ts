import { TinyrunError } from '../../errors.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { type Credentials, TOKEN_USER } from './credentials.ts';
import { type HttpRequest, type HttpResponse, isSuccess, readBody } from './transport.ts';

type Send = (request: HttpRequest) => Promise<HttpResponse>;

/** `repository:library/alpine:pull`. */
export type Scope = string;

const MAX_TOKEN = 1 << 20;
/** Registries that do not say how long a token lives mean a minute. */
const DEFAULT_LIFE = 60;

/**
 * Answers the challenges of one origin (distribution spec, auth: token.md, oauth.md). Credentials are asked for
 * once, and go to that origin or to the token server it names, nowhere else.
 */
export class Authenticator {
  #credentials: Promise<Credentials | undefined> | undefined;
  #failure: string | undefined;
  #challenge: Challenge | undefined;
  #tokens = new Map<string, { token: string; until: number }>();

  constructor(
    readonly host: string,
    readonly send: Send,
    readonly lookUp: (host: string) => Promise<Credentials | undefined>,
  ) {}

  /** The Authorization header, where a challenge was met before; so only the first request is refused. */
  async header(scope: Scope, signal?: AbortSignal): Promise<string | undefined> {
    if (!this.#challenge) return undefined;
    return this.#answer(this.#challenge, scope, signal);
  }

  /** Takes note of a 401. False when it cannot be answered differently than before. */
  async challenged(response: HttpResponse, scope: Scope): Promise<boolean> {
    const offered = parseChallenges(response.headers['www-authenticate'] ?? '');
    const chosen =
      offered.find(({ scheme }) => scheme === 'bearer') ?? offered.find(({ scheme }) => scheme === 'basic');
    if (!chosen) return false;
    checkRealm(chosen, response.url);
    this.#challenge = chosen;
    this.#tokens.delete(scope);
    return chosen.scheme === 'bearer' || (await this.#known()) !== undefined;
  }

  /** Why the registry was told no credentials; undefined when it was. */
  async whyAnonymous(): Promise<string | undefined> {
    if (await this.#known()) return undefined;
    return this.#failure ?? 'no credentials are stored for it';
  }

  /** A helper that fails, or was uninstalled, keeps nobody from public images. */
  #known(): Promise<Credentials | undefined> {
    this.#credentials ??= this.lookUp(this.host).catch((error: Error) => {
      this.#failure = error.message;
      return undefined;
    });
    return this.#credentials;
  }

  async #answer(challenge: Challenge, scope: Scope, signal?: AbortSignal): Promise<string | undefined> {
    const credentials = await this.#known();
    if (challenge.scheme === 'basic') return credentials && basic(credentials);
    const held = this.#tokens.get(scope);
    if (held && held.until > Date.now()) return `Bearer ${held.token}`;
    const { token, life } = await this.#fetchToken(challenge, scope, credentials, signal);
    this.#tokens.set(scope, { token, until: Date.now() + life * 900 });
    return `Bearer ${token}`;
  }

  async #fetchToken(
    challenge: Challenge,
    scope: Scope,
    credentials: Credentials | undefined,
    signal?: AbortSignal,
  ) {
    const { realm = '', service } = challenge.parameters;
    const parameters = new URLSearchParams({ ...(service !== undefined && { service }) });
    for (const one of scope.split(' ')) if (one) parameters.append('scope', one);
    const request = tokenRequest(new URL(realm), parameters, credentials, signal);
    const response = await this.send(request);
    const body = await readBody(response.body, MAX_TOKEN, `token from ${request.url.host}`);
    if (!isSuccess(response.status)) throw tokenRefused(response, this.host, credentials);
    const answer = parseToken(body, request.url.host);
    return { token: answer.token, life: answer.life };
  }
}

export const basic = ({ username, secret }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`;

/** A token server by plain http would get the password of a registry that is reached by https. */
function checkRealm({ scheme, parameters }: Challenge, registry: URL): void {
  if (scheme !== 'bearer') return;
  const realm = URL.canParse(parameters.realm ?? '') ? new URL(parameters.realm ?? '') : undefined;
  if (realm?.protocol === 'https:' || (realm?.protocol === 'http:' && registry.protocol === 'http:')) return;
  throw new TinyrunError(
    'REGISTRY',
    `${registry.host} names ${JSON.stringify(parameters.realm)} as its token server, which is not https`,
  );
}

/** GET with basic authentication, or OAuth 2 where we hold an identity token. */
function tokenRequest(
  realm: URL,
  parameters: URLSearchParams,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): HttpRequest {
  if (credentials?.username === TOKEN_USER) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'tinyrun',
      refresh_token: credentials.secret,
    });
    form.set('service', parameters.get('service') ?? '');
    form.set('scope', parameters.getAll('scope').join(' '));
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { method: 'POST', url: realm, headers, body: () => Buffer.from(form.toString()), signal };
  }
  const url = new URL(realm);
  for (const [name, value] of parameters) url.searchParams.append(name, value);
  if (!credentials) return { method: 'GET', url, signal };
  url.searchParams.set('account', credentials.username);
  return { method: 'GET', url, headers: { authorization: basic(credentials) }, signal };
}

function parseToken(body: Buffer, host: string): { token: string; life: number } {
  try {
    const answer = JSON.parse(body.toString('utf8')) as {
      token?: string;
      access_token?: string;
      expires_in?: number;
    };
    const token = answer.token ?? answer.access_token;
    if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token))
      return { token, life: Number(answer.expires_in) || DEFAULT_LIFE };
  } catch {
    // No JSON: the same complaint as JSON without a token.
  }
  throw new TinyrunError('REGISTRY', `token server ${host} answered without a token`);
}

function tokenRefused(
  response: HttpResponse,
  host: string,
  credentials: Credentials | undefined,
): TinyrunError {
  const who = credentials ? `user ${credentials.username}` : 'anonymous access';
  if (response.status === 401 || response.status === 403)
    return new TinyrunError(
      'REGISTRY_DENIED',
      `${host} refuses ${who}: token server ${response.url.host} answered ${response.status}`,
    );
  return new TinyrunError('REGISTRY', `token server ${response.url.host} answered ${response.status}`);
}
