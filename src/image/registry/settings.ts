import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { errnoOf, TinyrunError } from '../../errors.ts';
import { dict } from '../../store/dict.ts';
import { join } from '../../store/join.ts';
import { readIfExists } from '../../store/read.ts';
import { DEFAULT_DOMAIN } from '../reference.ts';

/** What registries.json says of one registry, by its host. */
interface RegistrySettings {
  /** Tried first, in this order, for pulls: `https://mirror.example`, with a path where the mirror has one. */
  readonly mirrors?: readonly string[];
  /** Certificates are not checked, and plain http is used where https is not spoken. */
  readonly insecure?: boolean;
}

/** One place that serves a registry's repositories. */
export interface EndpointSettings {
  /** `host[:port]` as it stands in credentials and certs.d. */
  readonly host: string;
  /** Without a trailing slash, best first: several where https may fall back to http. */
  readonly origins: readonly string[];
  readonly insecure: boolean;
  readonly mirror: boolean;
}

const DOCKER_HUB = 'registry-1.docker.io';

/** Where registries.json may lie, first match wins. */
export function settingsPaths(env: NodeJS.ProcessEnv = process.env): string[] {
  const config = env.XDG_CONFIG_HOME || join(env.HOME || homedir(), '.config');
  const named = env.TINYRUN_REGISTRIES ? [env.TINYRUN_REGISTRIES] : [];
  return [...named, join(config, 'tinyrun', 'registries.json'), '/etc/tinyrun/registries.json'];
}

function readSettings(env: NodeJS.ProcessEnv): Record<string, RegistrySettings> {
  for (const path of settingsPaths(env)) {
    const text = readIfExists(path);
    if (text === undefined) continue;
    try {
      return dict((JSON.parse(text) as { registries?: Record<string, RegistrySettings> }).registries ?? {});
    } catch (cause) {
      throw new TinyrunError('USAGE', `${path} is not JSON: ${(cause as Error).message}`, {
        hint: '{"registries": {"docker.io": {"mirrors": ["https://mirror.example"]}}}',
      });
    }
  }
  return {};
}

/** The endpoints of a registry, mirrors first (they serve pulls only). */
export function endpointsOf(domain: string, env: NodeJS.ProcessEnv = process.env): EndpointSettings[] {
  const settings = readSettings(env);
  const own = settings[domain] ?? {};
  const host = domain === DEFAULT_DOMAIN ? DOCKER_HUB : domain;
  const mirrors = (own.mirrors ?? []).map((mirror) => mirrorEndpoint(mirror, settings));
  return [...mirrors, endpoint(host, own.insecure ?? isLoopback(host), false)];
}

function mirrorEndpoint(mirror: string, settings: Record<string, RegistrySettings>): EndpointSettings {
  const withScheme = /^https?:\/\//.test(mirror);
  if (!withScheme) return endpoint(mirror, settings[mirror]?.insecure ?? isLoopback(mirror), true);
  const url = new URL(mirror);
  const insecure = settings[url.host]?.insecure ?? isLoopback(url.host);
  return { host: url.host, origins: [mirror.replace(/\/+$/, '')], insecure, mirror: true };
}

function endpoint(host: string, insecure: boolean, mirror: boolean): EndpointSettings {
  const origins = insecure ? [`https://${host}`, `http://${host}`] : [`https://${host}`];
  return { host, origins, insecure, mirror };
}

/** What never leaves the machine needs no certificate. */
export function isLoopback(host: string): boolean {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

/** Certificates for one registry. */
export interface Certificates {
  /** PEM, beside those Node knows. */
  readonly ca: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

const CERTS_D = ['/etc/tinyrun/certs.d', '/etc/docker/certs.d'];

/**
 * Extra authorities (`TINYRUN_EXTRA_CA_CERTS`, where the launcher moves NODE_EXTRA_CA_CERTS), and those of
 * certs.d/HOST in Docker's layout: `*.crt` authorities, `*.cert` with `*.key` to identify ourselves.
 */
export function certificatesOf(host: string, env: NodeJS.ProcessEnv = process.env): Certificates {
  const extra = env.TINYRUN_EXTRA_CA_CERTS ?? env.NODE_EXTRA_CA_CERTS;
  const ca = [extra, env.SSL_CERT_FILE].flatMap((path) => (path ? (readIfExists(path) ?? []) : []));
  const roots = env.TINYRUN_CERTS_D ? [env.TINYRUN_CERTS_D] : CERTS_D;
  const directories = roots.map((root) => join(root, host));
  for (const directory of directories) {
    const names = listIfExists(directory);
    ca.push(
      ...names
        .filter((name) => name.endsWith('.crt'))
        .map((name) => readFileSync(join(directory, name), 'utf8')),
    );
    const client = names.find((name) => name.endsWith('.cert'));
    if (client === undefined) continue;
    const key = join(directory, client.replace(/\.cert$/, '.key'));
    return { ca, cert: readFileSync(join(directory, client), 'utf8'), key: readFileSync(key, 'utf8') };
  }
  return { ca };
}

function listIfExists(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
