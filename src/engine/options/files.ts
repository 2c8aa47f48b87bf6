import { TinyrunError } from '../../errors.ts';

// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container, as Docker writes them.

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::\tip6-localnet',
  'ff00::\tip6-mcastprefix',
  'ff02::1\tip6-allnodes',
  'ff02::2\tip6-allrouters',
];

/** `NAME:ADDRESS` or `NAME=ADDRESS` of --add-host. */
export function parseAddHost(text: string): { name: string; address: string } {
  const at = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  const [name, address] = [text.slice(0, at), text.slice(at + 1).replace(/^\[(.*)\]$/, '$1')];
  const isAddress = /^\d{1,3}(\.\d{1,3}){3}$/.test(address) || /^[0-9a-f:]*:[0-9a-f:.]*$/i.test(address);
  if (at > 0 && isAddress && !/\s/.test(name)) return { name, address };
  throw new TinyrunError('USAGE', `--add-host ${JSON.stringify(text)}: not NAME:ADDRESS`);
}

export function hostsFile(hostname?: string): string {
  const own = hostname ? [`127.0.1.1\t${hostname}`] : [];
  const lines = [...LOOPBACK, ...own];
  return `${lines.join('\n')}\n`;
}

/** Name servers given by --dns, or the host's file as it is. */
export function resolvConf(host: string, servers: readonly string[]): string {
  if (servers.length === 0) return host;
  const rest = host.split('\n').filter((line) => line !== '' && !/^\s*(nameserver|[#;])/.test(line));
  return [...rest, ...servers.map((server) => `nameserver ${server}`), ''].join('\n');
}
