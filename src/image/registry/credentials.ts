import { homedir } from 'node:os';
import { TinyrunError } from '../../errors.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { join } from '../../store/join.ts';
import { ensureDir } from '../../store/paths.ts';
import { readIfExists } from '../../store/read.ts';

/** What a registry is told to know us. */
export interface Credentials {
  readonly username: string;
  /** A password, or an identity token (then username is Docker's `<token>`). */
  readonly secret: string;
}

/** ~/.docker/config.json, as far as it is about registries; the rest is kept when it is written. */
interface DockerConfig {
  auths?: Record<string, { auth?: string; identitytoken?: string; username?: string; password?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  [other: string]: unknown;
}

const HUB_HOSTS = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
/** Docker's name for Docker Hub in its files. */
const HUB_KEY = 'https://index.docker.io/v1/';
export const TOKEN_USER = '<token>';

/** The key of a registry in config.json and for helpers. */
export const serverKey = (host: string): string => (HUB_HOSTS.includes(host) ? HUB_KEY : host);

/** Docker's configuration file and the helpers it names. */
export class CredentialStore {
  readonly path: string;
  constructor(env: NodeJS.ProcessEnv = process.env) {
    this.path = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
  }

  /** Undefined when the registry is not known: it is asked anonymously. */
  async get(host: string): Promise<Credentials | undefined> {
    const config = this.#read();
    const key = serverKey(host);
    const helper = helperOf(config, host) ?? helperOf(config, key) ?? config.credsStore;
    if (helper) {
      const { helperGet } = await import('./helper.ts');
      const found = await helperGet(helper, key);
      if (found) return found;
    }
    return this.#fromFile(config, host, key);
  }

  /** Keeps them in the helper where one is set, else in the file (0600). Answers where. */
  async set(host: string, credentials: Credentials): Promise<string> {
    const config = this.#read();
    const key = serverKey(host);
    const helper = helperOf(config, host) ?? config.credsStore;
    if (helper) {
      const { helperStore } = await import('./helper.ts');
      await helperStore(helper, key, credentials);
      this.#write({ ...config, auths: { ...config.auths, [key]: {} } });
      return `docker-credential-${helper}`;
    }
    this.#write({ ...config, auths: { ...config.auths, [key]: toEntry(credentials) } });
    return this.path;
  }

  /** False when there were none. */
  async erase(host: string): Promise<boolean> {
    const config = this.#read();
    const key = serverKey(host);
    const helper = helperOf(config, host) ?? config.credsStore;
    if (helper) {
      const { helperErase } = await import('./helper.ts');
      await helperErase(helper, key);
    }
    const { [key]: found, ...auths } = config.auths ?? {};
    if (found) this.#write({ ...config, auths });
    return found !== undefined;
  }

  /** The registries that there are passwords of. */
  servers(): string[] {
    const { auths, credHelpers } = this.#read();
    return [...new Set([...Object.keys(auths ?? {}), ...Object.keys(credHelpers ?? {})].map(bareHost))];
  }

  #fromFile(config: DockerConfig, host: string, key: string): Credentials | undefined {
    const known = Object.entries(config.auths ?? {});
    const entry = known.find(([name]) => name === key || bareHost(name) === host)?.[1];
    if (!entry) return undefined;
    if (entry.identitytoken) return { username: TOKEN_USER, secret: entry.identitytoken };
    if (entry.username && entry.password) return { username: entry.username, secret: entry.password };
    return fromAuth(entry.auth ?? '');
  }

  #read(): DockerConfig {
    const text = readIfExists(this.path);
    if (text === undefined) return {};
    try {
      return JSON.parse(text) as DockerConfig;
    } catch (cause) {
      throw new TinyrunError('USAGE', `${this.path} is not JSON: ${(cause as Error).message}`, { cause });
    }
  }

  #write(config: DockerConfig): void {
    ensureDir(join(this.path, '..'));
    writeFileAtomic(this.path, `${JSON.stringify(config, undefined, '\t')}\n`, {
      mode: 0o600,
      durable: true,
    });
  }
}

/** `user:password` in base64; as Docker does, without the NUL bytes that some write around the password. */
function fromAuth(auth: string): Credentials | undefined {
  const login = Buffer.from(auth, 'base64').toString('utf8');
  const colon = login.indexOf(':');
  const secret = login.slice(colon + 1).replace(/^\0+|\0+$/g, '');
  return colon > 0 ? { username: login.slice(0, colon), secret } : undefined;
}

const helperOf = ({ credHelpers = {} }: DockerConfig, server: string): string | undefined =>
  Object.hasOwn(credHelpers, server) ? credHelpers[server] : undefined;

function toEntry({ username, secret }: Credentials) {
  if (username === TOKEN_USER) return { identitytoken: secret };
  return { auth: Buffer.from(`${username}:${secret}`).toString('base64') };
}

/** People, and older files, name registries by whole URLs: `https://host/v2/`. */
export const bareHost = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
