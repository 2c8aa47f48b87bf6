import { BlockList, isIP } from 'node:net';
import { TinyrunError } from '../../errors.ts';
import { isLoopback } from './settings.ts';

/**
 * The proxy for a URL: `HTTPS_PROXY`, `HTTP_PROXY` (lower case wins, as for curl), not for what `NO_PROXY` names, by Go's
 * rules, and never for this machine.
 * @throws TinyrunError USAGE for what is no http proxy; its message has no password in it
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): URL | undefined {
  const upper = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const name = env[upper.toLowerCase()] ? upper.toLowerCase() : upper;
  const value = env[name];
  if (!value || isLoopback(url.host)) return undefined;
  if (matchesNoProxy(url, env.no_proxy ?? env.NO_PROXY ?? '')) return undefined;
  const text = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(text) && text.startsWith('http://')) return new URL(text);
  throw new TinyrunError('USAGE', `${name} is not the URL of an http proxy`, {
    hint: `${name}=http://[USER:PASSWORD@]HOST:PORT`,
  });
}

/** What the proxy, and nobody else, is told to know us. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (!proxy.username) return {};
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` };
}

function matchesNoProxy(url: URL, list: string): boolean {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const hostname = url.hostname.toLowerCase().replace(/[[\]]/g, '');
  return list
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .some((item) => item !== '' && matches(item, hostname, port));
}

/** `*`, a network, `name[:port]` with what is below it, `.name` with only that. */
function matches(item: string, hostname: string, port: string): boolean {
  if (item === '*') return true;
  if (item.includes('/')) return inNetwork(hostname, item);
  const [name = '', wantedPort] = /^\[|::/.test(item) ? [item.replace(/[[\]]/g, '')] : item.split(':');
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const bare = name.replace(/^\*\./, '.');
  if (isIP(hostname)) return hostname === bare;
  return hostname === bare || hostname.endsWith(bare.startsWith('.') ? bare : `.${bare}`);
}

/** Networks such as 10.0.0.0/8 and fd00::/8. */
function inNetwork(hostname: string, network: string): boolean {
  const [base = '', bits = ''] = network.split('/');
  const family = isIP(base);
  if (family === 0 || isIP(hostname) !== family || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(base, Number(bits), type);
  return list.check(hostname, type);
}
