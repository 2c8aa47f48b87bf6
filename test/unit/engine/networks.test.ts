import { describe, expect, test } from 'vitest';
import { bridgeSettings } from '../../../src/engine/networks/options.ts';
import { type PoolOptions, type PoolRequest, poolsOf } from '../../../src/engine/networks/pools.ts';
import { endpointsOf } from '../../../src/engine/networks/users.ts';
import type { ContainerView } from '../../../src/engine/record.ts';
import { TinyrunError } from '../../../src/errors.ts';
import { BRIDGE } from '../../../src/network/builtin.ts';

/** Its code and message. */
function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof TinyrunError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return '';
}

describe('the pools of a network', () => {
  const pools = (given: readonly PoolOptions[], more: Partial<PoolRequest> = {}) =>
    poolsOf({ pools: given, families: [4], taken: [], ula: 'fd01:2345:6789::/48', ...more });

  test('what is not asked for is free, and has its gateway first', () => {
    expect(pools([])).toEqual([{ subnet: '172.17.0.0/16', gateway: '172.17.0.1', reserved: {} }]);
    expect(pools([], { families: [4, 6] })[1]).toEqual({
      subnet: 'fd01:2345:6789::/64',
      gateway: 'fd01:2345:6789::1',
      reserved: {},
    });
    expect(pools([{ subnet: '/24' }])[0]?.subnet).toBe('172.17.0.0/24');
    const taken = [{ subnet: '172.16.0.0/12', by: 'a route' }];
    expect(pools([{ subnet: '0.0.0.0/22' }], { taken })[0]?.subnet).toBe('192.168.0.0/22');
  });

  test('all of it', () => {
    const whole = {
      subnet: '10.1.0.0/16',
      gateway: '10.1.0.254',
      range: '10.1.4.0/22',
      reserved: { router: '10.1.0.2' },
    };
    expect(pools([whole])).toEqual([whole]);
    expect(pools([{ subnet: 'FD00:0::/64', gateway: 'fd00:0:0::9' }], { families: [6] })).toEqual([
      { subnet: 'fd00::/64', gateway: 'fd00::9', reserved: {} },
    ]);
    expect(pools([{ subnet: '10.1.0.0/31' }])[0]?.gateway).toBe('10.1.0.0');
  });

  const invalid = (rest: string) => `USAGE: invalid network config: ${rest}`;
  test.each<[PoolOptions, string]>([
    [{ subnet: 'x' }, 'invalid subnet x: invalid CIDR block notation'],
    [{ subnet: '10.1.0.0' }, 'invalid subnet 10.1.0.0: invalid CIDR block notation'],
    [{ subnet: '10.1.0.5/24' }, 'invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24'],
    [{ subnet: 'fd00::/64' }, 'invalid subnet fd00::/64: the network has no IPv6'],
    [{ subnet: '::/64' }, 'invalid subnet ::/64: the network has no IPv6'],
    [{ subnet: '10.1.0.1/32' }, 'invalid subnet 10.1.0.1/32: it has no room for a gateway and a container'],
    [{ subnet: '127.1.0.0/16' }, 'invalid subnet 127.1.0.0/16: its addresses are not for networks'],
    [{ subnet: '239.0.0.0/24' }, 'invalid subnet 239.0.0.0/24: its addresses are not for networks'],
    [{ subnet: '0.0.0.0/0' }, 'invalid subnet 0.0.0.0/0: its addresses are not for networks'],
    [{ subnet: '10.1.0.0/16', gateway: 'x' }, 'invalid gateway x: invalid address'],
    [
      { subnet: '10.1.0.0/16', gateway: 'fd00::1' },
      'invalid gateway fd00::1: parent subnet is an IPv4 block',
    ],
    [
      { subnet: '10.1.0.0/16', gateway: '10.2.0.1' },
      "invalid gateway 10.2.0.1: parent subnet 10.1.0.0/16 doesn't contain this address",
    ],
    [
      { subnet: '10.1.0.0/16', gateway: '10.1.255.255' },
      'invalid gateway 10.1.255.255: it stands for all of 10.1.0.0/16',
    ],
    [
      { subnet: '10.1.0.0/16', reserved: { a: '10.2.0.1' } },
      "invalid auxiliary address a: 10.2.0.1: parent subnet 10.1.0.0/16 doesn't contain this address",
    ],
    [{ subnet: '10.1.0.0/16', range: '10.1.4.0' }, 'invalid ip-range 10.1.4.0: invalid CIDR block notation'],
    [
      { subnet: '10.1.0.0/16', range: 'fd00::/80' },
      'invalid ip-range fd00::/80: parent subnet is an IPv4 block',
    ],
    [
      { subnet: '10.1.0.0/16', range: '10.0.0.0/8' },
      'invalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.1.0.0/16',
    ],
    [
      { subnet: '10.1.0.0/16', range: '10.1.4.1/24' },
      'invalid ip-range 10.1.4.1/24: it should be 10.1.4.0/24',
    ],
    [
      { subnet: '10.1.0.0/16', range: '10.2.0.0/24' },
      "invalid ip-range 10.2.0.0/24: parent subnet 10.1.0.0/16 doesn't contain ip-range",
    ],
  ])('refused: %j', (pool, problem) => {
    expect(said(() => pools([pool]))).toBe(invalid(problem));
  });

  test('one of each family', () => {
    expect(said(() => pools([{ subnet: '10.1.0.0/16' }, { subnet: '10.2.0.0/16' }]))).toBe(
      invalid('multiple subnets of IPv4: a network has one of each family'),
    );
  });

  test('what is taken is told with whose it is', () => {
    const taken = [
      { subnet: '10.1.2.0/24', by: 'that of the network web' },
      { subnet: '172.16.0.0/12', by: 'a route' },
      { subnet: '192.168.0.0/16', by: 'a route' },
    ];
    expect(said(() => pools([{ subnet: '10.1.0.0/16' }], { taken }))).toBe(
      'SUBNET_TAKEN: Pool overlaps with other one on this address space: 10.1.0.0/16 and 10.1.2.0/24, which is that of the network web',
    );
    expect(said(() => pools([], { taken }))).toMatch(
      /^SUBNET_TAKEN: could not find an available, non-overlapping IPv4 address pool among the defaults/,
    );
  });
});

describe('options of a bridge', () => {
  const of = (key: string, value: string, needs6 = false) =>
    bridgeSettings({ [`com.docker.network.${key}`]: value }, needs6);

  test('what they come to', () => {
    expect(of('bridge.name', 'web0')).toEqual({ link: 'web0', unknown: [] });
    expect(of('bridge.enable_icc', 'false')).toEqual({ icc: false, unknown: [] });
    expect(of('bridge.enable_ip_masquerade', '0')).toEqual({ masquerade: false, unknown: [] });
    expect(of('bridge.host_binding_ipv4', '127.0.0.1')).toEqual({ bindHost: '127.0.0.1', unknown: [] });
    expect(of('driver.mtu', '1400')).toEqual({ mtu: 1400, unknown: [] });
    expect(of('bridge.gateway_mode_ipv4', 'nat')).toEqual({ unknown: [] });
    expect(bridgeSettings({ foo: 'bar', toString: 'x' }, false)).toEqual({ unknown: ['foo', 'toString'] });
  });

  test.each([
    ['bridge.name', 'a/b', 'a name of at most 15 characters'],
    ['bridge.name', 'sixteen-letters-', 'a name of at most 15 characters'],
    ['bridge.name', '..', 'a name of at most 15 characters'],
    ['bridge.enable_icc', 'maybe', 'true or false is expected'],
    ['bridge.enable_ip_masquerade', '', 'true or false is expected'],
    ['bridge.host_binding_ipv4', 'here', 'an address of the host is expected'],
    ['driver.mtu', '12', 'a number from 68 to 65535'],
    ['driver.mtu', '-1', 'a number from 68 to 65535'],
    ['driver.mtu', '1e3', 'a number from 68 to 65535'],
  ])('refused: %s=%s', (key, value, expected) => {
    expect(said(() => of(key, value))).toBe(
      `USAGE: failed to parse com.docker.network.${key} value: ${value} (${expected})`,
    );
  });

  test('packets of IPv6 have 1280 bytes', () => {
    expect(said(() => of('driver.mtu', '1279', true))).toMatch(/a number from 1280 to 65535/);
    expect(of('driver.mtu', '1280', true).mtu).toBe(1280);
  });

  test('what Docker has, and this has not', () => {
    expect(said(() => of('bridge.gateway_mode_ipv6', 'routed'))).toBe(
      'UNSUPPORTED: com.docker.network.bridge.gateway_mode_ipv6=routed is not there yet',
    );
  });
});

test('who is in a network: who runs, by what it has, or by what it asked for', () => {
  const web = { ...BRIDGE, name: 'web', id: 'abc'.padEnd(64, '0') };
  const view = (name: string, status: string, record: object) =>
    ({ status, record: { id: name.padEnd(64, '1'), name, ...record } }) as unknown as ContainerView;
  const asks = (network: string) => ({ config: { image: 'x', network: [{ network }] } });
  const attachment = { network: web.id, hostLink: 'tr0' };
  const views = [
    view('by-name', 'running', asks('web')),
    view('by-id', 'paused', asks('abc0')),
    view('restarting', 'restarting', asks('web')),
    view('ended', 'exited', asks('web')),
    view('attached', 'running', { ...asks('other'), attachments: [attachment] }),
    view('left', 'running', { ...asks('web'), attachments: [] }),
    view('elsewhere', 'running', asks('back')),
    view('host', 'running', { config: { image: 'x', network: 'host' } }),
  ];
  expect(endpointsOf(views, web).map(({ name }) => name)).toEqual([
    'by-name',
    'by-id',
    'restarting',
    'attached',
  ]);
  expect(endpointsOf(views, web)[3]?.attachment).toBe(attachment);
  expect(endpointsOf(views, { ...web, name: 'host', id: 'f'.repeat(64) }).map(({ name }) => name)).toEqual([
    'host',
  ]);
});
