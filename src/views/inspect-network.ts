import { networksOf } from '../engine/config/network.ts';
import type { ContainerConfig, NetworkConfig } from '../engine/config/types.ts';
import type { ContainerView } from '../engine/record.ts';
import { isRunning } from '../engine/status.ts';
import type { Attachment } from '../network/types.ts';
import { exposedOf, placesOf } from './ports.ts';

/**
 * `NetworkSettings` of docker inspect: none and the host's have no addresses of their own, another container's no network, and one
 * that does not run has none by now. What stands outside of `Networks` is of the default bridge, as with Docker.
 */
export function describeNetwork(view: Pick<ContainerView, 'record' | 'status' | 'state'>) {
  const { config, attachments = [], id } = view.record;
  const running = isRunning(view);
  const networks = networksOf(config);
  const endpoints = networks.map(
    (one, index) => [one.network, endpointOf(one, running ? attachments[index] : undefined, id)] as const,
  );
  const [, own = { ...ENDPOINT, GwPriority: 0 }] = endpoints.find(([name]) => name === 'bridge') ?? [];
  return {
    Bridge: '',
    SandboxID: running ? id : '',
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    Ports: running ? portsOf(view) : {},
    SandboxKey: running && view.state ? `/proc/${view.state.pid}/ns/net` : '',
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: own.EndpointID,
    Gateway: own.Gateway,
    GlobalIPv6Address: own.GlobalIPv6Address,
    GlobalIPv6PrefixLen: own.GlobalIPv6PrefixLen,
    IPAddress: own.IPAddress,
    IPPrefixLen: own.IPPrefixLen,
    IPv6Gateway: own.IPv6Gateway,
    MacAddress: own.MacAddress,
    Networks: { ...modeOnly(config), ...Object.fromEntries(endpoints) },
  };
}

/** none and host are networks of Docker's, too. */
const modeOnly = ({ network }: ContainerConfig) =>
  typeof network === 'string' ? { [network]: ENDPOINT } : {};

function portsOf(view: Pick<ContainerView, 'record' | 'status'>) {
  const ports: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const port of exposedOf(view.record)) ports[port] = null;
  for (const { address, host, container, protocol } of placesOf(view)) {
    const key = `${container}/${protocol}`;
    ports[key] = [...(ports[key] ?? []), { HostIp: address, HostPort: `${host}` }];
  }
  return ports;
}

const ENDPOINT = {
  IPAMConfig: null as { IPv4Address?: string; IPv6Address?: string } | null,
  Links: null as string[] | null,
  Aliases: null as string[] | null,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  MacAddress: '',
  DriverOpts: null as Record<string, string> | null,
};

/** What was asked for, and what came of it while it runs. */
function endpointOf(asked: NetworkConfig, attachment: Attachment | undefined, container: string) {
  const { aliases, links, ipv4, ipv6, mac, options, gatewayPriority = 0 } = asked;
  const v4 = attachment?.addresses.find((each) => !each.includes(':'))?.split('/') ?? [];
  const v6 = attachment?.addresses.find((each) => each.includes(':'))?.split('/') ?? [];
  const gatewayOf = (is6: boolean) => attachment?.gateways.find((each) => each.includes(':') === is6) ?? '';
  return {
    ...ENDPOINT,
    IPAMConfig:
      ipv4 || ipv6 ? { ...(ipv4 && { IPv4Address: ipv4 }), ...(ipv6 && { IPv6Address: ipv6 }) } : null,
    Links: links ? Object.entries(links).map(([alias, name]) => `${name}:${alias}`) : null,
    Aliases: aliases ? [...aliases] : null,
    NetworkID: attachment?.network ?? '',
    EndpointID: attachment ? endpointId(container, attachment) : '',
    Gateway: gatewayOf(false),
    IPAddress: v4[0] ?? '',
    IPPrefixLen: Number(v4[1] ?? 0),
    IPv6Gateway: gatewayOf(true),
    GlobalIPv6Address: v6[0] ?? '',
    GlobalIPv6PrefixLen: Number(v6[1] ?? 0),
    MacAddress: attachment?.mac ?? mac ?? '',
    DriverOpts: options ? { ...options } : null,
    GwPriority: gatewayPriority,
  };
}

/** 64 digits, new for every birth, as the link's name is. */
export const endpointId = (container: string, attachment: Pick<Attachment, 'hostLink'> | undefined): string =>
  `${(attachment?.hostLink ?? '').replace(/^tr/, '')}${container}`.slice(0, 64);
