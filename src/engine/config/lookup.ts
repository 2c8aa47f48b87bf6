import { isAddress } from '../../spec/addresses.ts';
import { ConfigError } from './error.ts';
import type { ContainerConfig, NameLookup } from './types.ts';

// /etc/hosts and /etc/resolv.conf of a container, as Docker writes them.

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

export function hostsFile(hostname?: string): string {
  const own = hostname ? [`127.0.1.1\t${hostname}`] : [];
  const lines = [...LOOPBACK, ...own];
  return `${lines.join('\n')}\n`;
}

/** Lines of /etc/hosts; `host-gateway` is the host, as far as the network reaches it. @throws ConfigError */
export function hostLines({ names, network }: ContainerConfig, gateway?: string): string {
  const lines = (names?.hosts ?? []).map(({ name, address }, index) => {
    const field = `names.hosts[${index}]`;
    if (name === '' || /\s/.test(name)) throw new ConfigError(`${field}.name`, 'not NAME:ADDRESS');
    const resolved = address === 'host-gateway' ? hostGateway(field, network, gateway) : address;
    if (isAddress(resolved)) return `${resolved}\t${name}\n`;
    throw new ConfigError(`${field}.address`, `invalid IP address: ${JSON.stringify(address)}`);
  });
  return lines.join('');
}

const NO_GATEWAY = 'there is no network of its own, so no gateway leads to the host';

/** Where it has networks, their gateway is known when their addresses are. */
function hostGateway(
  field: string,
  network: ContainerConfig['network'],
  gateway: string | undefined,
): string {
  if (gateway !== undefined) return gateway;
  if (network === 'host' || network === undefined || Array.isArray(network)) return '127.0.0.1';
  throw new ConfigError(`${field}.address`, NO_GATEWAY, { hint: 'with {network} host it is 127.0.0.1' });
}

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const DOMAIN = new RegExp(`^${LABEL}(?:\\.${LABEL})*\\.?$`);

/** @throws ConfigError for what resolv.conf(5) has no line for */
function checkLookup({ servers = [], search = [], options = [] }: NameLookup): void {
  for (const [index, server] of servers.entries())
    if (!isAddress(server))
      throw new ConfigError(`names.servers[${index}]`, 'IP address is not correctly formatted');
  for (const [index, domain] of search.entries())
    if (domain !== '.' && !(DOMAIN.test(domain) && /[a-zA-Z]/.test(domain)))
      throw new ConfigError(`names.search[${index}]`, 'not a valid domain');
  for (const [index, option] of options.entries())
    if (/[\r\n\0]/.test(option)) throw new ConfigError(`names.options[${index}]`, 'more than one line');
}

/** The host's file, with what is given in place of its own; a search list of `.` is none. @throws ConfigError */
export function resolvConf(host: string, lookup: NameLookup = {}): string {
  checkLookup(lookup);
  const { servers = [], search = [] } = lookup;
  const options = lookup.options?.filter(Boolean) ?? [];
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
