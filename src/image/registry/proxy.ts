import { isLoopback } from './settings.ts';

/**
 * The proxy for a URL by the rules of curl and Go: `HTTPS_PROXY`, `HTTP_PROXY` (lower case wins), not for what
 * `NO_PROXY` names and never for this machine.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): URL | undefined {
  const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const value = env[name] || env[name.toUpperCase()];
  if (!value || isLoopback(url.host)) return undefined;
  if (matchesNoProxy(url, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined;
  return new URL(value.includes('://') ? value : `http://${value}`);
}

function matchesNoProxy(url: URL, list: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .some((item) => item !== '' && matches(item, url.hostname.toLowerCase(), port));
}

function matches(item: string, hostname: string, port: string): boolean {
  if (item === '*') return true;
  if (item.includes('/')) return inNetwork(hostname, item);
  const [name = '', wantedPort] = /^\[|::/.test(item) ? [item.replace(/[[\]]/g, '')] : item.split(':');
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const bare = name.replace(/^\*?\./, '');
  return hostname.replace(/[[\]]/g, '') === bare || hostname.endsWith(`.${bare}`);
}

/** IPv4 networks such as 10.0.0.0/8. */
function inNetwork(hostname: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const address = ipv4(hostname);
  const start = ipv4(base);
  const length = Number(bits);
  if (address === undefined || start === undefined || !(length >= 0 && length <= 32)) return false;
  const size = 2 ** (32 - length);
  return Math.floor(address / size) === Math.floor(start / size);
}

function ipv4(text: string): number | undefined {
  const parts = text.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : Number.NaN));
  if (parts.length !== 4 || parts.some((part) => !(part <= 255))) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}
