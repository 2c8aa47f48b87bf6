import { isAddress, isIPv6 } from '../../spec/addresses.ts';
import { ConfigError, checkInteger } from './error.ts';
import type { ContainerConfig, PortConfig } from './types.ts';

const PROTOCOLS = ['tcp', 'udp', 'sctp'];
const LAST = 65_535;

/** @throws ConfigError for what is no port or no address, and for a port of the host that is to lead to two places */
export function checkPorts({
  ports = [],
  publishHost,
}: Pick<ContainerConfig, 'ports' | 'publishHost'>): void {
  if (publishHost !== undefined && !isAddress(publishHost))
    throw new ConfigError('publishHost', `invalid IP address: ${publishHost}`);
  for (const [index, port] of ports.entries()) checkPort(port, `ports[${index}]`);
  for (const [index, port] of ports.entries()) {
    const first = ports.slice(0, index).find((other) => meet(port, other));
    if (first?.host !== undefined && port.host !== undefined)
      throw new ConfigError(
        `ports[${index}]`,
        `port ${Math.max(first.host, port.host)}/${port.protocol} of the host is published already`,
        { hint: 'a port of the host leads to one port of a container' },
      );
  }
}

function checkPort({ protocol, container, host, address, count, choices = 1 }: PortConfig, field: string) {
  if (!PROTOCOLS.includes(protocol)) throw new ConfigError(`${field}.protocol`, `invalid proto: ${protocol}`);
  if (address !== undefined && !isAddress(address))
    throw new ConfigError(`${field}.address`, `invalid IP address: ${address}`);
  checkInteger(`${field}.count`, count, { min: 1, max: LAST });
  checkInteger(`${field}.choices`, choices, { min: 1, max: LAST });
  checkInteger(`${field}.container`, container, { min: 1, max: LAST - count + 1 });
  if (choices > 1 && (count > 1 || host === undefined))
    throw new ConfigError(field, 'invalid ranges specified for container and host Ports', {
      hint: 'ranges of one length, or one port of the container and a range of the host',
    });
  if (host !== undefined)
    checkInteger(`${field}.host`, host, { min: 1, max: LAST - Math.max(count, choices) + 1 });
}

/** Whether two want the same port of the host, for certain: where there is a choice, there may be another. */
function meet(a: PortConfig, b: PortConfig): boolean {
  if (a.protocol !== b.protocol || a.host === undefined || b.host === undefined) return false;
  if ((a.choices ?? 1) > 1 || (b.choices ?? 1) > 1) return false;
  return a.host < b.host + b.count && b.host < a.host + a.count && share(a.address, b.address);
}

function share(a: string | undefined, b: string | undefined): boolean {
  if (a === undefined || b === undefined || a === b) return true;
  return [a, b].some(isAny) && isIPv6(a) === isIPv6(b);
}

const isAny = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** What is asked for and cannot be had, to be said: in Docker's words. */
export function discardedPorts({ network, ports = [], publishAll }: ContainerConfig): string[] {
  if ((network !== 'host' && network !== 'none') || (ports.length === 0 && !publishAll)) return [];
  return [`Published ports are discarded when using ${network} network mode`];
}
