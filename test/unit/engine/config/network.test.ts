import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../../../src/engine/config/error.ts';
import { networkMode, networksOf } from '../../../../src/engine/config/network.ts';
import { checkPorts, discardedPorts } from '../../../../src/engine/config/ports.ts';
import type { ContainerConfig, NetworkConfig, PortConfig } from '../../../../src/engine/config/types.ts';

/** What is said of it; '' where it is taken. */
function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return '';
}

const modeOf = (config: Partial<ContainerConfig>) => networkMode({ image: 'busybox', ...config });
const port = (more: Partial<PortConfig>): PortConfig => ({
  protocol: 'tcp',
  container: 80,
  count: 1,
  ...more,
});

describe('the place of a container in networks', () => {
  test('modes', () => {
    expect(modeOf({})).toBe('private');
    expect(modeOf({ network: 'none' })).toBe('private');
    expect(modeOf({ network: [] })).toBe('private');
    expect(modeOf({ network: 'host' })).toBe('host');
    expect(modeOf({ network: { container: 'a' } })).toEqual({ container: 'a' });
    expect(said(() => modeOf({ network: 'web' as 'host' }))).toBe('network: not a mode');
    expect(said(() => modeOf({ network: { container: '' } }))).toBe('network: not a mode');
    expect(networksOf({ network: 'host' })).toEqual([]);
  });

  const web = (more: Partial<NetworkConfig>) => [{ network: 'web', ...more }];
  const bridge = (more: Partial<NetworkConfig>) => [{ network: 'bridge', ...more }];
  const onlyUsers = 'user specified IP address is supported on user defined networks only';
  test.each<[networks: readonly NetworkConfig[], message: string]>([
    [web({}), ''],
    [bridge({ mac: '02-42-AC-11-00-02', gatewayPriority: -5 }), ''],
    [web({ ipv4: '172.18.0.9', ipv6: 'fd00::9', aliases: ['db', 'a.b'] }), ''],
    [web({ interfaceName: 'eth7', links: { db: 'postgres' } }), ''],
    [[...web({}), { network: 'back' }], ''],
    [[{ network: ' ' }], 'network[0].network: no name set for network'],
    [web({ ipv4: '172.18.0.256' }), 'network[0].ipv4: invalid IPv4 address: 172.18.0.256'],
    [web({ ipv4: 'fd00::1' }), 'network[0].ipv4: invalid IPv4 address: fd00::1'],
    [web({ ipv6: '10.0.0.1' }), 'network[0].ipv6: invalid IPv6 address: 10.0.0.1'],
    [web({ mac: '02:42' }), 'network[0].mac: 02:42 is not a valid mac address'],
    [
      web({ mac: '01:42:ac:11:00:02' }),
      'network[0].mac: 01:42:ac:11:00:02 is the address of a group, not of one interface',
    ],
    [web({ gatewayPriority: 1.5 }), 'network[0].gatewayPriority: not a whole number'],
    [web({ interfaceName: 'a/b' }), 'network[0].interfaceName: "a/b" names no interface'],
    [web({ interfaceName: 'sixteen-letters-' }), /names no interface$/.source],
    [web({ interfaceName: 'lo' }), 'network[0].interfaceName: "lo" names no interface'],
    [web({ aliases: ['a b'] }), 'network[0].aliases: "a b" is not a name'],
    [bridge({ ipv4: '172.17.0.9' }), `network[0].ipv4: ${onlyUsers}`],
    [bridge({ ipv6: 'fd00::9' }), `network[0].ipv6: ${onlyUsers}`],
    [
      bridge({ aliases: ['db'] }),
      'network[0].aliases: network-scoped aliases are only supported for user-defined networks',
    ],
    [[...web({}), ...web({})], 'network[1]: network "web" is specified multiple times'],
    [
      [...web({}), { network: 'host' }],
      'network[1]: conflicting options: cannot attach both user-defined and non-user-defined network-modes',
    ],
    [[{ network: 'none' }], 'network[0]: a mode, which is no network of a list'],
  ])('%j', (network, message) => {
    expect(said(() => modeOf({ network }))).toMatch(
      message.endsWith('$') ? new RegExp(message) : message || /^$/,
    );
  });

  test.each<[Partial<ContainerConfig>, string]>([
    [{ hostname: 'a' }, 'hostname: conflicting options: hostname and the network mode'],
    [{ names: { servers: ['1.1.1.1'] } }, 'names.servers: conflicting options: dns and the network mode'],
    [
      { names: { hosts: [{ name: 'a', address: '1.1.1.1' }] } },
      'names.hosts: conflicting options: custom host-to-IP mapping and the network mode',
    ],
    [
      { ports: [port({})] },
      'ports: conflicting options: port publishing and the container type network mode',
    ],
    [
      { publishAll: true },
      'publishAll: conflicting options: port publishing and the container type network mode',
    ],
    [
      { exposed: ['80/tcp'] },
      'exposed: conflicting options: port exposing and the container type network mode',
    ],
    [{ publishAll: false, exposed: [], names: { search: ['a.b'] } }, ''],
  ])('beside the network of another container: %j', (config, message) => {
    expect(said(() => modeOf({ network: { container: 'a' }, ...config }))).toBe(message);
    expect(said(() => modeOf({ network: 'host', ...config }))).toBe('');
  });
});

describe('ports', () => {
  test.each<[ports: readonly PortConfig[], message: string]>([
    [[port({}), port({}), port({ host: 80 })], ''],
    [[port({ host: 8000, count: 11 }), port({ host: 8011 })], ''],
    [[port({ host: 8000, choices: 11 }), port({ host: 8005 })], ''],
    [[port({ host: 80 }), port({ host: 80, protocol: 'udp' })], ''],
    [[port({ host: 80, address: '127.0.0.1' }), port({ host: 80, address: '127.0.0.2' })], ''],
    [[port({ host: 80, address: '0.0.0.0' }), port({ host: 80, address: '::' })], ''],
    [[port({ host: 80 }), port({ host: 80 })], 'ports[1]: port 80/tcp of the host is published already'],
    [
      [port({ host: 8000, count: 11 }), port({ host: 8010, container: 1 })],
      'ports[1]: port 8010/tcp of the host is published already',
    ],
    [
      [port({ host: 80, address: '127.0.0.1' }), port({ host: 80, address: '0.0.0.0' })],
      'ports[1]: port 80/tcp of the host is published already',
    ],
    [
      [port({ host: 80 }), port({ host: 80, address: '::1' })],
      'ports[1]: port 80/tcp of the host is published already',
    ],
    [[port({ protocol: 'icmp' as 'tcp' })], 'ports[0].protocol: invalid proto: icmp'],
    [[port({ address: '1.2.3' })], 'ports[0].address: invalid IP address: 1.2.3'],
    [[port({ container: 0 })], 'ports[0].container: not a number from 1 to 65535'],
    [[port({ container: 65_535, count: 2 })], 'ports[0].container: not a number from 1 to 65534'],
    [[port({ host: 65_536 })], 'ports[0].host: not a number from 1 to 65535'],
    [[port({ count: 0 })], 'ports[0].count: not a number from 1 to 65535'],
    [[port({ choices: 2 })], 'ports[0]: invalid ranges specified for container and host Ports'],
    [
      [port({ host: 80, count: 2, choices: 3 })],
      'ports[0]: invalid ranges specified for container and host Ports',
    ],
  ])('%j', (ports, message) => {
    expect(said(() => checkPorts({ ports }))).toBe(message);
  });

  test('where there is no network for them, they are dropped, and said to be', () => {
    const warned = (config: Partial<ContainerConfig>) => discardedPorts({ image: 'a', ...config });
    expect(warned({ network: 'host', ports: [port({})] })).toEqual([
      'Published ports are discarded when using host network mode',
    ]);
    expect(warned({ network: 'none', publishAll: true })).toEqual([
      'Published ports are discarded when using none network mode',
    ]);
    expect(warned({ network: 'host', ports: [] })).toEqual([]);
    expect(warned({ ports: [port({})] })).toEqual([]);
    expect(said(() => modeOf({ ports: [port({})] }))).toBe('');
    expect(said(() => modeOf({ network: 'none', ports: [port({})] }))).toBe('');
  });
});
