import { describe, expect, test } from 'vitest';
import { networkFlags } from '../../../../src/cli/flags/network.ts';
import { parseLinks, parseNetwork } from '../../../../src/cli/flags/parse/network.ts';
import { parsePublish } from '../../../../src/cli/flags/parse/publish.ts';
import type { Given } from '../../../../src/cli/flags/word.ts';
import type { ContainerConfig, NetworkConfig, PortConfig } from '../../../../src/engine/config/types.ts';
import { wantedPorts } from '../../../../src/engine/networks/attachments.ts';

/** What is said of it; '' where it is taken. */
function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

describe('--publish', () => {
  test.each<[string, Partial<PortConfig>]>([
    ['80', { container: 80 }],
    ['8080:80', { host: 8080, container: 80 }],
    ['0:80', { container: 80 }],
    [':80', { container: 80 }],
    ['8080:80/udp', { host: 8080, container: 80, protocol: 'udp' }],
    ['8080:80/SCTP', { host: 8080, container: 80, protocol: 'sctp' }],
    ['127.0.0.1:8080:80', { address: '127.0.0.1', host: 8080, container: 80 }],
    ['127.0.0.1::80', { address: '127.0.0.1', container: 80 }],
    ['[::1]:8080:80', { address: '::1', host: 8080, container: 80 }],
    ['[::]::80', { address: '::', container: 80 }],
    ['::1:8080:80', { address: '::1', host: 8080, container: 80 }],
    ['7000-7002', { container: 7000, count: 3 }],
    ['9000-9002:7000-7002/udp', { host: 9000, container: 7000, count: 3, protocol: 'udp' }],
    ['8000-8010:80', { host: 8000, container: 80, choices: 11 }],
    ['published=8080,target=80', { host: 8080, container: 80 }],
    ['target=80,protocol=udp', { container: 80, protocol: 'udp' }],
  ])('%s', (text, port) => {
    expect(parsePublish(text)).toEqual({ protocol: 'tcp', count: 1, ...port });
  });

  test.each([
    ['', 'no port specified: <empty>'],
    ['8080:', 'no port specified: 8080:<empty>'],
    ['8080:/tcp', 'no port specified: 8080:/tcp<empty>'],
    ['x', 'invalid containerPort: x'],
    ['65536', 'invalid containerPort: 65536'],
    ['90-80', 'invalid containerPort: 90-80'],
    ['x:80', 'invalid hostPort: x'],
    ['-1:80', 'invalid hostPort: -1'],
    ['80:80/icmp', 'invalid proto: icmp'],
    ['80-81:1-3', 'invalid ranges specified for container and host Ports: 1-3 and 80-81'],
    ['localhost:80:80', 'invalid IP address: localhost'],
    ['1.2.3:80:80', 'invalid IP address: 1.2.3'],
    ['[::g]:80:80', 'invalid IP address: ::g'],
    ['target=80,x', "invalid publish opts format (should be name=value but got 'x')"],
  ])('refused: %j', (text, problem) => {
    expect(said(() => parsePublish(text))).toBe(`--publish ${JSON.stringify(text)}: ${problem}`);
  });

  test('a setting says where, for those that do not', () => {
    expect(parsePublish('80:80', '127.0.0.1').address).toBe('127.0.0.1');
    expect(parsePublish('0.0.0.0:80:80', '127.0.0.1').address).toBe('0.0.0.0');
    const read = (TINYRUN_PUBLISH_HOST: string) =>
      networkFlags.read({ publish: ['80:80'] }, { env: { TINYRUN_PUBLISH_HOST }, cwd: '/' }).ports;
    expect(read('::1')).toMatchObject([{ address: '::1', host: 80 }]);
    expect(read('')?.[0]).not.toHaveProperty('address');
    expect(said(() => read('loopback'))).toBe('TINYRUN_PUBLISH_HOST "loopback": invalid IP address');
    const all = networkFlags.read(
      { publishAll: true },
      { env: { TINYRUN_PUBLISH_HOST: '127.0.0.1' }, cwd: '/' },
    );
    expect(all).toMatchObject({ publishAll: true, publishHost: '127.0.0.1' });
    expect(wantedPorts({ image: 'x', ...all }, ['80/tcp'])).toMatchObject([
      { container: 80, address: '127.0.0.1' },
    ]);
  });
});

describe('--network', () => {
  test.each<[string, NetworkConfig]>([
    ['web', { network: 'web' }],
    ['name=web', { network: 'web' }],
    ['name=Web,alias=a,alias=b', { network: 'Web', aliases: ['a', 'b'] }],
    [
      'web,ip=10.1.0.9,IP6=fd00::9,mac-address=02:42:ac:11:00:02,gw-priority=-5',
      {
        network: 'web',
        ipv4: '10.1.0.9',
        ipv6: 'fd00::9',
        mac: '02:42:ac:11:00:02',
        gatewayPriority: -5,
      },
    ],
    ['web,interface-name=lan', { network: 'web', interfaceName: 'lan' }],
    [
      'web,driver-opt=com.docker.network.endpoint.ifname=lan0,"driver-opt=a=b,c"',
      {
        network: 'web',
        interfaceName: 'lan0',
        options: { 'com.docker.network.endpoint.ifname': 'lan0', a: 'b,c' },
      },
    ],
  ])('%s', (text, config) => {
    expect(parseNetwork(text)).toEqual(config);
  });

  test.each([
    ['alias=a', 'network name/id is not specified'],
    ['name=web,alias', 'invalid field alias'],
    ['name=web,=x', 'invalid field =x'],
    ['name=web,colour=red', 'invalid field key colour'],
    ['name=web,ip=10.1.0', 'invalid IPv4 address: 10.1.0'],
    ['name=web,ip6=10.1.0.1', 'invalid IPv6 address: 10.1.0.1'],
    ['name=web,mac-address=x', 'x is not a valid mac address'],
    ['name=web,gw-priority=high', 'invalid gw-priority (high): invalid syntax'],
    ['name=web,driver-opt=x', 'invalid key value pair format in driver options'],
    ['name=web,link-local-ip=fe80::1', 'addresses of the link alone are not given'],
    ['name=web,alias="a', 'parse error on line 1, column 16: bare " in non-quoted-field'],
  ])('refused: %s', (text, problem) => {
    expect(said(() => parseNetwork(text))).toBe(`--network ${JSON.stringify(text)}: ${problem}`);
  });

  const networkOf = (flags: Given): ContainerConfig['network'] =>
    networkFlags.read(flags, { env: {}, cwd: '/' }).network;

  test.each<[Given, ContainerConfig['network']]>([
    [{}, undefined],
    [{ network: ['default'] }, undefined],
    [{ network: [''] }, undefined],
    [{ network: ['none'] }, 'none'],
    [{ net: ['host'] }, 'host'],
    [{ network: ['name=host'] }, 'host'],
    [{ network: ['container:db'] }, { container: 'db' }],
    [{ network: ['bridge'] }, [{ network: 'bridge' }]],
    [{ network: ['web', 'name=back,alias=x'] }, [{ network: 'web' }, { network: 'back', aliases: ['x'] }]],
    [{ network: ['web'], net: ['back'] }, [{ network: 'web' }, { network: 'back' }]],
    // of the first one
    [
      { network: ['web', 'back'], ip: '10.1.0.9', networkAlias: ['a'], netAlias: ['b'] },
      [{ network: 'web', aliases: ['a', 'b'], ipv4: '10.1.0.9' }, { network: 'back' }],
    ],
    [{ macAddress: ' 02:42:ac:11:00:02' }, [{ network: 'bridge', mac: '02:42:ac:11:00:02' }]],
    [{ link: ['postgres:db', 'redis'] }, [{ network: 'bridge', links: { db: 'postgres', redis: 'redis' } }]],
    [{ network: ['default'], ip: '1.2.3.4' }, [{ network: 'bridge', ipv4: '1.2.3.4' }]],
  ])('%j', (flags, network) => {
    expect(networkOf(flags)).toEqual(network);
  });

  test.each<[Given, RegExp]>([
    [
      { network: ['name=web,alias=a'], networkAlias: ['b'] },
      /^conflicting options: cannot specify both --network-alias and per-network alias$/,
    ],
    [
      { network: ['name=web,ip=10.1.0.9'], ip: '10.1.0.8' },
      /^conflicting options: cannot specify both --ip and per-network IPv4 address$/,
    ],
    [{ networkAlias: ['a'] }, /^network-scoped aliases are only supported for user-defined networks$/],
    [{ network: ['host'], networkAlias: ['a'] }, /^--network host: network-scoped aliases are only/],
    [{ network: ['host'], link: ['a'] }, /^--network host: conflicting options: host type networking can't/],
    [
      { network: ['container:a'], link: ['a'] },
      /^--network container:a: conflicting options: container type network can't be used with links/,
    ],
    [{ network: ['none'], ip: '1.2.3.4' }, /user specified IP address is supported on user defined/],
    [{ network: ['container:a'], macAddress: 'x' }, /conflicting options: mac-address and the network mode$/],
  ])('refused: %j', (flags, message) => {
    expect(said(() => networkOf(flags))).toMatch(message);
  });
});

test('links', () => {
  expect(parseLinks(['a', 'b:c'])).toEqual({ a: 'a', c: 'b' });
  for (const text of ['', ':a', 'a:', 'a:b:c'])
    expect(said(() => parseLinks([text]))).toBe(
      `--link ${JSON.stringify(text)}: bad format for links: ${text}`,
    );
});
