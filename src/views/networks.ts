import type { NetworkView } from '../engine/networks/networks.ts';
import { driverName } from '../engine/networks/networks.ts';
import type { Endpoint } from '../engine/networks/users.ts';
import { familyOf } from '../network/address.ts';
import { sizeOf } from '../network/subnet.ts';
import type { Attachment, NetworkRecord, Pool } from '../network/types.ts';
import { endpointId } from './inspect-network.ts';
import { goTime } from './units.ts';

/** Column heads of `network ls`. */
export const NETWORK_HEADERS = {
  ID: 'NETWORK ID',
  Name: 'NAME',
  Driver: 'DRIVER',
  Scope: 'SCOPE',
  IPv4: 'IPV4',
  IPv6: 'IPV6',
  Internal: 'INTERNAL',
  Labels: 'LABELS',
  CreatedAt: 'CREATED AT',
  Label: (name: string) => (name.split('.').at(-1) ?? '').replaceAll(/[-_]/g, ' '),
};

export const NETWORK_COLUMNS = ['ID', 'Name', 'Driver', 'Scope'];

const hasPools = ({ driver }: Pick<NetworkRecord, 'driver'>): boolean =>
  driver !== 'host' && driver !== 'none';

/** `host` and `none` have no pools: Docker says that they have IPv4 all the same. */
const has4 = ({ driver, pools }: NetworkRecord): boolean =>
  pools.length === 0 || !hasPools({ driver }) || pools.some(({ subnet }) => familyOf(subnet) === 4);

const has6 = ({ pools }: NetworkRecord): boolean => pools.some(({ subnet }) => familyOf(subnet) === 6);

/** A network's members under Docker's names. */
export const networkRow = ({ record }: NetworkView, truncate: boolean) => ({
  CreatedAt: goTime(record.created),
  Driver: driverName(record),
  ID: truncate ? record.id.slice(0, 12) : record.id,
  IPv4: String(has4(record)),
  IPv6: String(has6(record)),
  Internal: String(record.internal),
  Label: (key: string) => (Object.hasOwn(record.labels, key) ? (record.labels[key] ?? '') : ''),
  Labels: Object.entries(record.labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(','),
  Name: record.name,
  Scope: 'local',
});

/** `network inspect`, as Docker has it: what was asked for, and who is in it. */
export function describeNetworkOf({ record, endpoints }: NetworkView) {
  return {
    Name: record.name,
    Id: record.id,
    Created: record.created,
    Scope: 'local',
    Driver: driverName(record),
    EnableIPv4: has4(record),
    EnableIPv6: has6(record),
    IPAM: {
      Driver: 'default',
      Options: hasPools(record) ? {} : null,
      Config: hasPools(record) ? record.pools.map(describePool) : null,
    },
    Internal: record.internal,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Options: optionsOf(record),
    Labels: record.labels,
    Containers: Object.fromEntries(endpoints.map((endpoint) => [endpoint.id, describeEndpoint(endpoint)])),
    Status: {
      IPAM: {
        Subnets: Object.fromEntries(record.pools.map((pool) => [pool.subnet, usageOf(pool, endpoints)])),
      },
    },
  };
}

/** Docker tells of the default bridge what it is by: its name on the host, and what is the rule for it. */
function optionsOf({ name, options, link, mtu, icc, masquerade }: NetworkRecord) {
  if (name !== 'bridge') return options;
  return {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': String(icc),
    'com.docker.network.bridge.enable_ip_masquerade': String(masquerade),
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    'com.docker.network.bridge.name': link,
    'com.docker.network.driver.mtu': String(mtu),
  };
}

const describePool = ({ subnet, range, gateway, reserved }: Pool) => ({
  Subnet: subnet,
  ...(range && { IPRange: range }),
  ...(gateway && { Gateway: gateway }),
  ...(Object.keys(reserved).length > 0 && { AuxiliaryAddresses: reserved }),
});

const addressIn = (attachment: Attachment | undefined, family: 4 | 6): string =>
  attachment?.addresses.find((address) => familyOf(address) === family) ?? '';

const describeEndpoint = ({ id, name, attachment }: Endpoint) => ({
  Name: name,
  EndpointID: endpointId(id, attachment),
  MacAddress: attachment?.mac ?? '',
  IPv4Address: addressIn(attachment, 4),
  IPv6Address: addressIn(attachment, 6),
});

/** What stands for the network, its gateway and reserved addresses are in use, too. */
function usageOf({ subnet, range, gateway, reserved }: Pool, endpoints: readonly Endpoint[]) {
  const family = familyOf(subnet);
  const given = endpoints.filter(({ attachment }) => addressIn(attachment, family) !== '').length;
  const whole = sizeOf(subnet) > 2n ? (family === 4 ? 2 : 1) : 0;
  const used = whole + (gateway ? 1 : 0) + Object.keys(reserved).length + given;
  const left = sizeOf(range ?? subnet) - BigInt(range === undefined ? used : given);
  return {
    IPsInUse: used,
    // Go's largest: more than that JSON cannot tell
    DynamicIPsAvailable: Number(left > 0n ? (left < MOST ? left : MOST) : 0n),
  };
}

const MOST = BigInt(Number.MAX_SAFE_INTEGER);
