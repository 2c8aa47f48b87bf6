import { TinyrunError } from '../../errors.ts';
import type { RunOptions } from '../types.ts';
import { isAddress } from './addresses.ts';

// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container, as Docker writes them.

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

const usage = (flag: string, text: string, problem: string, hint?: string) =>
  new TinyrunError('USAGE', `${flag} ${JSON.stringify(text)}: ${problem}`, hint ? { hint } : {});

/** `NAME:ADDRESS` or `NAME=ADDRESS` of --add-host; `host-gateway` is the host, as far as the network reaches it. */
export function parseAddHost(text: string, network?: string): { name: string; address: string } {
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  const [name, given] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || /\s/.test(name)) throw usage('--add-host', text, 'not NAME:ADDRESS');
  const address = given === 'host-gateway' ? hostGateway(text, network) : given.replace(/^\[(.*)\]$/, '$1');
  if (isAddress(address)) return { name, address };
  throw usage('--add-host', text, `invalid IP address: ${JSON.stringify(given)}`);
}

function hostGateway(text: string, network: string | undefined): string {
  if (network === 'host') return '127.0.0.1';
  throw new TinyrunError(
    'UNSUPPORTED',
    `--add-host ${JSON.stringify(text)}: there are no networks yet, so no gateway leads to the host`,
    { hint: 'with --network host it is 127.0.0.1' },
  );
}

export function hostsFile(hostname?: string): string {
  const own = hostname ? [`127.0.1.1\t${hostname}`] : [];
  const lines = [...LOOPBACK, ...own];
  return `${lines.join('\n')}\n`;
}

/** What of resolv.conf(5) is given by flags. */
export interface Resolver {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);

/** --dns, --dns-search and --dns-option, checked. @throws TinyrunError USAGE */
export function parseResolver({ dns = [], dnsSearch = [], dnsOption = [] }: RunOptions): Resolver {
  const servers = dns.map((text) => text.trim());
  for (const [i, server] of servers.entries())
    if (!isAddress(server)) throw usage('--dns', dns[i] ?? '', 'IP address is not correctly formatted');
  const search = dnsSearch.map((text) => text.trimEnd());
  for (const domain of search)
    if (domain !== '.' && !(DOMAIN.test(domain) && /[a-zA-Z]/.test(domain)))
      throw usage('--dns-search', domain, 'not a valid domain');
  for (const option of dnsOption)
    if (/[\r\n\0]/.test(option)) throw usage('--dns-option', option, 'more than one line');
  return { servers, search, options: dnsOption.filter(Boolean) };
}

/** The host's file, with what is given in place of its own; a search list of `.` is none. */
export function resolvConf(host: string, { servers, search, options }: Resolver): string {
  if (servers.length + search.length + options.length === 0) return host;
  const replaced = [
    ...(servers.length > 0 ? ['nameserver'] : []),
    ...(search.length > 0 ? ['search', 'domain'] : []),
    ...(options.length > 0 ? ['options'] : []),
  ];
  const kept = host
    .split('\n')
    .filter((line) => /^\s*[^\s#;]/.test(line) && !replaced.includes(line.trim().split(/\s+/)[0] ?? ''));
  const domains = search.filter((domain) => domain !== '.');
  return [
    ...kept,
    ...servers.map((server) => `nameserver ${server}`),
    ...(domains.length > 0 ? [`search ${domains.join(' ')}`] : []),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
    '',
  ].join('\n');
}
