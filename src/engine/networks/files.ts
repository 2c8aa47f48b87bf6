import { familyOf, hostOf } from '../../network/address.ts';
import { RESOLVER_ADDRESS } from '../../network/names/places.ts';
import type { Attachment, NetworkRecord } from '../../network/types.ts';
import { readIfAny } from '../../store/read.ts';
import { hostLines, hostsFile, resolvConf } from '../config/lookup.ts';
import type { ContainerConfig } from '../config/types.ts';
import type { HostFile } from '../hostfiles.ts';
import { hasNames } from './named.ts';

/** The files of a container in networks, as Docker writes them: its own addresses under its name, and resolvers that it reaches. */
export function networkFiles(
  config: ContainerConfig,
  hostname: string,
  networks: readonly NetworkRecord[],
  attachments: readonly Attachment[],
): HostFile[] {
  const names = config.domainname ? `${hostname}.${config.domainname} ${hostname}` : hostname;
  const own = attachments.flatMap(({ addresses }) => addresses.map((each) => `${hostOf(each)}\t${names}\n`));
  const hosts = hostsFile() + hostLines(config, gatewayOf(networks)) + own.join('');
  const hasIPv6 = attachments.some(({ addresses }) => addresses.some((each) => familyOf(each) === 6));
  return [
    { name: 'hosts', text: hosts },
    { name: 'hostname', text: `${hostname}\n` },
    { name: 'resolv.conf', text: resolvers(config, networks, hasIPv6) },
  ];
}

/** Where there are names the resolver is asked, who asks the given servers for what is none of them. */
export function resolvers(
  { names }: ContainerConfig,
  networks: readonly NetworkRecord[],
  hasIPv6: boolean,
): string {
  if (!networks.some(hasNames)) return resolvConf(reachable(hostResolvers(), hasIPv6), names);
  const options = names?.options?.filter(Boolean) ?? [];
  const own = { ...names, servers: [RESOLVER_ADDRESS], options: options.length > 0 ? options : ['ndots:0'] };
  return resolvConf(hostResolvers(), own);
}

/** What leads to the host: IPv4 first. */
function gatewayOf(networks: readonly NetworkRecord[]): string | undefined {
  const gateways = networks.flatMap(({ pools }) => pools.flatMap(({ gateway }) => gateway ?? []));
  return gateways.find((each) => familyOf(each) === 4) ?? gateways[0];
}

const STUB = /^nameserver\s+127\.0\.0\.53\s*$/m;
/** Where systemd-resolved tells the resolvers behind its stub. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';

function hostResolvers(): string {
  const text = readIfAny('/etc/resolv.conf') ?? '';
  return (STUB.test(text) ? readIfAny(BEHIND_STUB) : undefined) ?? text;
}

/** Docker's, where the host has none but its own. */
const PUBLIC_4 = ['8.8.8.8', '8.8.4.4'];
const PUBLIC_6 = ['2001:4860:4860::8888', '2001:4860:4860::8844'];

/** A resolver on the host's loopback is not there in another network namespace. */
export function reachable(text: string, hasIPv6: boolean): string {
  const isServer = (line: string) => /^\s*nameserver\s/.test(line);
  const isNear = (line: string) => /^\s*nameserver\s+(127\.|::1\b|fe80:)/.test(line);
  const lines = text.replace(/\n*$/, '').split('\n');
  const kept = lines.filter((line) => !isNear(line) && line !== '');
  const servers = kept.some(isServer) ? [] : [...PUBLIC_4, ...(hasIPv6 ? PUBLIC_6 : [])];
  return [...kept, ...servers.map((server) => `nameserver ${server}`), ''].join('\n');
}
