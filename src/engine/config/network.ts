import { isIPv4, isIPv6 } from '../../spec/addresses.ts';
import { ConfigError } from './error.ts';
import type { ContainerConfig, NamespaceMode, NetworkConfig, OtherContainer } from './types.ts';

export const isOther = (value: unknown): value is OtherContainer =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as OtherContainer).container === 'string' &&
  (value as OtherContainer).container !== '';

const isList = (network: ContainerConfig['network']): network is readonly NetworkConfig[] =>
  Array.isArray(network);

/** Docker's, of who asks for none. */
const DEFAULT: readonly NetworkConfig[] = [{ network: 'bridge' }];

/** The networks that it is attached to; none where it has only a loopback, or the network of somebody else. */
export const networksOf = ({
  network = DEFAULT,
}: Pick<ContainerConfig, 'network'>): readonly NetworkConfig[] => (isList(network) ? network : []);

/** Another network for who asks for none, `none` among them: TINYRUN_NETWORK, where no bridge is wanted or may be made. */
export function withDefaultNetwork(config: ContainerConfig, name: string | undefined): ContainerConfig {
  if (config.network !== undefined || !name) return config;
  return { ...config, network: name === 'none' || name === 'host' ? name : [{ network: name }] };
}

/**
 * The mode of its network namespace: its own wherever it is attached to networks, or to none.
 * @throws ConfigError for what is no mode, and for networks that cannot be had together
 */
export function networkMode(config: ContainerConfig): NamespaceMode {
  const { network = DEFAULT } = config;
  if (isList(network)) {
    checkNetworks(network);
    return 'private';
  }
  if (isOther(network)) {
    checkBorrowed(config);
    return network;
  }
  if (network === 'host') return network;
  if (network !== 'none')
    throw new ConfigError('network', 'not a mode', {
      hint: 'the modes are none, host and container:ID; networks are a list',
    });
  return 'private';
}

const ALWAYS_THERE = ['bridge', 'default'];
const NO_NETWORKS = ['none', 'host'];

/** Whether somebody made it; only there are names, and addresses that are asked for. */
export const isUserDefined = (network: string): boolean =>
  !ALWAYS_THERE.includes(network) && !NO_NETWORKS.includes(network) && !network.startsWith('container:');

function checkNetworks(networks: readonly NetworkConfig[]): void {
  for (const [index, one] of networks.entries()) checkNetwork(one, `network[${index}]`);
  const names = networks.map(({ network }) => network);
  for (const [index, name] of names.entries())
    if (names.indexOf(name) < index)
      throw new ConfigError(
        `network[${index}]`,
        `network ${JSON.stringify(name)} is specified multiple times`,
      );
  const made = names.filter(isUserDefined).length;
  if (made > 0 && made < names.length)
    throw new ConfigError(
      `network[${names.findIndex((name) => !isUserDefined(name))}]`,
      'conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    );
  const other = names.findIndex((name) => !isUserDefined(name) && !ALWAYS_THERE.includes(name));
  if (other >= 0)
    throw new ConfigError(`network[${other}]`, 'a mode, which is no network of a list', {
      hint: 'none, host and container:ID stand alone',
    });
}

export const isMac = (text: string): boolean => /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text);

/** What the kernel takes for the name of a link. */
const INTERFACE = /^(?!\.{1,2}$)[^\s/:%]{1,15}$/;

/** What one can be known to be wrong by itself; whether its addresses are free is known when it is attached. */
export function checkNetwork(one: NetworkConfig, field: string): void {
  const { network, aliases = [], ipv4, ipv6, mac, gatewayPriority, interfaceName, links = {} } = one;
  if (typeof network !== 'string' || network.trim() === '')
    throw new ConfigError(`${field}.network`, 'no name set for network');
  if (ipv4 !== undefined && !isIPv4(ipv4))
    throw new ConfigError(`${field}.ipv4`, `invalid IPv4 address: ${ipv4}`);
  if (ipv6 !== undefined && !isIPv6(ipv6))
    throw new ConfigError(`${field}.ipv6`, `invalid IPv6 address: ${ipv6}`);
  if (mac !== undefined && !isMac(mac))
    throw new ConfigError(`${field}.mac`, `${mac} is not a valid mac address`);
  if (mac !== undefined && Number.parseInt(mac.slice(0, 2), 16) % 2 === 1)
    throw new ConfigError(`${field}.mac`, `${mac} is the address of a group, not of one interface`);
  if (gatewayPriority !== undefined && !Number.isSafeInteger(gatewayPriority))
    throw new ConfigError(`${field}.gatewayPriority`, 'not a whole number');
  if (interfaceName !== undefined && (!INTERFACE.test(interfaceName) || interfaceName === 'lo'))
    throw new ConfigError(`${field}.interfaceName`, `${JSON.stringify(interfaceName)} names no interface`, {
      hint: '1 to 15 characters without spaces, / and :',
    });
  for (const name of [...aliases, ...Object.keys(links), ...Object.values(links)])
    if (name === '' || /\s/.test(name))
      throw new ConfigError(`${field}.aliases`, `${JSON.stringify(name)} is not a name`);
  checkMade(one, field);
}

/** What only networks have that somebody made. */
function checkMade({ network, ipv4, ipv6, aliases = [] }: NetworkConfig, field: string): void {
  if (isUserDefined(network)) return;
  const address = ipv4 === undefined ? ipv6 && 'ipv6' : 'ipv4';
  if (address !== undefined && address !== '')
    throw new ConfigError(
      `${field}.${address}`,
      'user specified IP address is supported on user defined networks only',
    );
  if (aliases.length > 0)
    throw new ConfigError(
      `${field}.aliases`,
      'network-scoped aliases are only supported for user-defined networks',
    );
}

/** What is another container's, and cannot be said again here: in Docker's words. */
function checkBorrowed(config: ContainerConfig): void {
  const { hostname, names = {}, ports = [], publishAll, exposed = [] } = config;
  const conflicts = [
    [hostname !== undefined, 'hostname', 'hostname and the network mode'],
    [!!names.servers?.length, 'names.servers', 'dns and the network mode'],
    [!!names.hosts?.length, 'names.hosts', 'custom host-to-IP mapping and the network mode'],
    [ports.length > 0, 'ports', 'port publishing and the container type network mode'],
    [publishAll === true, 'publishAll', 'port publishing and the container type network mode'],
    [exposed.length > 0, 'exposed', 'port exposing and the container type network mode'],
  ] as const;
  for (const [isThere, field, problem] of conflicts)
    if (isThere) throw new ConfigError(field, `conflicting options: ${problem}`);
}
